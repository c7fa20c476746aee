// SPDX-License-Identifier: Apache-2.0
using System.Runtime.InteropServices;

namespace Penstock.L7.Admission;

/// <summary>Open connections of each client, in stripes with a lock each. Holds an entry only while a client has a connection open, so the listener's limit bounds it.</summary>
internal sealed class ClientCounts
{
    private const int StripeCount = 64;
    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, StripeCount).Select(_ => new Stripe())];

    /// <summary>Adds one to a client's count unless it has reached the limit.</summary>
    public bool TryAdd(ClientAddress client, int limit)
    {
        Stripe stripe = StripeOf(client);
        lock (stripe.Gate)
        {
            ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(stripe.Counts, client, out bool known);
            if (count < limit)
            {
                count++;
                return true;
            }

            if (!known)
            {
                stripe.Counts.Remove(client);
            }

            return false;
        }
    }

    /// <summary>Takes one from a client's count.</summary>
    public void Remove(ClientAddress client)
    {
        Stripe stripe = StripeOf(client);
        lock (stripe.Gate)
        {
            ref int count = ref CollectionsMarshal.GetValueRefOrNullRef(stripe.Counts, client);
            if (--count == 0)
            {
                stripe.Counts.Remove(client);
            }
        }
    }

    /// <summary>Number of clients with a connection open.</summary>
    public int CountClients()
    {
        int clients = 0;
        foreach (Stripe stripe in _stripes)
        {
            lock (stripe.Gate)
            {
                clients += stripe.Counts.Count;
            }
        }

        return clients;
    }

    private Stripe StripeOf(ClientAddress client) => _stripes[(uint)client.GetHashCode() % StripeCount];

    private sealed class Stripe
    {
        public Lock Gate { get; } = new();

        public Dictionary<ClientAddress, int> Counts { get; } = [];
    }
}
