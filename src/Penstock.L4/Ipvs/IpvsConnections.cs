// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Net;
using Penstock.Model.L4;

namespace Penstock.L4.Ipvs;

/// <summary>Looks connections up in the kernel's list of them (/proc/net/ip_vs_conn).</summary>
internal static class IpvsConnections
{
    /// <summary>Where the list is.</summary>
    public const string List = "/proc/net/ip_vs_conn";

    /// <summary>Where a connection goes, and its state; null: the kernel knows none.</summary>
    /// <param name="lines">The list: protocol, client, service, backend and state; addresses and ports in hexadecimal, IPv6 in brackets.</param>
    /// <param name="from">The client.</param>
    /// <param name="to">Where it sends to.</param>
    /// <param name="protocol">Its protocol.</param>
    public static (IPEndPoint Backend, string State)? Find(IEnumerable<string> lines, IPEndPoint from, IPEndPoint to, TransportProtocol protocol)
    {
        foreach (var line in lines)
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 8 && fields[0].Equals(protocol.ToString(), StringComparison.OrdinalIgnoreCase)
                && from.Equals(EndPoint(fields[1], fields[2])) && to.Equals(EndPoint(fields[3], fields[4])) && EndPoint(fields[5], fields[6]) is { } backend)
            {
                return (backend, fields[7]);
            }
        }

        return null;
    }

    private static IPEndPoint? EndPoint(string address, string port)
    {
        if (!ushort.TryParse(port, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
            return null;
        if (address.Length == 8 && uint.TryParse(address, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))
            return new IPEndPoint(new IPAddress(Convert.FromHexString(address)), number);
        return IPAddress.TryParse(address, out var found) ? new IPEndPoint(found, number) : null;
    }
}
