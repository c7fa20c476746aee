// SPDX-License-Identifier: Apache-2.0
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;
using Penstock.Model.L4;

namespace Penstock.L4.Decap;

/// <summary>
/// The receiving side of <c>dsr-ipip</c> and <c>dsr-gue</c> on a real server without ipip and fou: bpf/decap.bpf.c on an interface. It runs
/// until it is detached, without a process.
/// </summary>
public static class Decapsulation
{
    private const string Endpoints = "tunnel_endpoints", Counters = "decap_stats", PortSection = ".rodata.settings", KernelSection = ".rodata.kernel";
    private const int KernelNameLength = 15;

    /// <summary>Attaches, or puts the new settings in place of those before: each packet meets the one or the other.</summary>
    /// <exception cref="L4ApplyException">The interface is not there, runs another's program, or can't.</exception>
    public static DecapStatus Attach(DecapRequest request) => Explained(() =>
    {
        var device = new HostNetwork().Find(request.Interface) ?? throw new L4ApplyException($"there is no interface {request.Interface}");
        var addresses = request.Addresses.IsEmpty ? [.. device.Addresses.Where(address => !address.IsIPv6LinkLocal)] : request.Addresses;
        if (addresses.IsEmpty)
            throw new L4ApplyException($"interface {device.Name} has no address that a tunnel could end at: give it one, or say --address");

        var pins = new PinTree(request.Pins);
        var attachments = new XdpAttachments(pins);
        attachments.RefuseForeign(device);
        using var opened = ProgramFile.Read(ProgramFile.Find(request.Program, "decap")).Open();
        opened.SetConstant("gue_port", BinaryPrimitives.ReverseEndianness((ushort)request.GuePort), PortSection);
        opened.SetMaxEntries(Endpoints, (uint)addresses.Length);
        if (BpfKernel.Has(BpfFunction.XdpGetBuffLen))
            opened.SetConstant("jumbo", (byte)1, KernelSection);
        else
            opened.ClearFlags("decap");
        opened.Load();
        using (var endpoints = opened.Map(Endpoints))
        {
            foreach (var address in addresses)
                endpoints.Update(Layout.Address.Of(address), 1u);
        }

        pins.Create();
        using var program = opened.Program("decap");
        attachments.Attach([device], program, request.Attach == XdpAttach.Generic ? XdpMode.Generic : XdpMode.Native);
        // Not read back: to open programs and maps by their number takes CAP_SYS_ADMIN, which nothing else here does.
        return new DecapStatus(device.Name, Mode(device.Index), program.Info.Id, Written(addresses), request.GuePort, 0, 0);
    });

    /// <summary>Takes the program off an interface.</summary>
    /// <returns>False: it was not attached.</returns>
    public static bool Detach(string interfaceName, string pins) => Explained(() =>
    {
        var tree = new PinTree(pins);
        if (!tree.LinkNames().Contains(interfaceName, StringComparer.Ordinal))
            return false;
        new XdpAttachments(tree).Detach(interfaceName);
        if (tree.LinkNames().Count == 0)
            tree.Delete();
        return true;
    });

    /// <summary>What is attached from a folder.</summary>
    public static ImmutableArray<DecapStatus> Status(string pins) => Explained(() =>
    {
        var tree = new PinTree(pins);
        return tree.LinkNames().Select(name => Read(name, tree)).ToImmutableArray();
    });

    private static DecapStatus Read(string name, PinTree pins)
    {
        using var link = BpfLink.OpenPinned(pins.Link(name));
        if (link is not { Info: { InterfaceIndex: > 0 and var index, ProgramId: var id } })
            return new DecapStatus(name, "gone", 0, [], 0, 0, 0);
        using var program = BpfProgram.OpenById(id);
        ImmutableArray<string> addresses = [];
        var (port, packets, bytes) = (0, 0UL, 0UL);
        foreach (var mapId in program.Info.MapIds)
        {
            using var map = BpfMap.OpenById(mapId);
            switch (map.Info.Name)
            {
                case Endpoints or "tunnel_endpoint": // cut to 15 letters
                    addresses = Written(map.Keys<Layout.Address>().Select(key => key.ToIPAddress()));
                    break;
                case Counters:
                    var values = new Layout.DropStats[BpfCpus.Possible];
                    map.TryLookupPerCpu(0u, values.AsSpan());
                    (packets, bytes) = values.Aggregate((0UL, 0UL), (sum, one) => (sum.Item1 + one.Packets, sum.Item2 + one.Bytes));
                    break;
                case var section when section == PortSection[..KernelNameLength]:
                    map.TryLookup(0u, out ushort wire);
                    port = BinaryPrimitives.ReverseEndianness(wire);
                    break;
            }
        }

        return new DecapStatus(name, Mode(index), id, addresses, port, (long)packets, (long)bytes);
    }

    private static string Mode(int interfaceIndex) => XdpAttachment.Query(interfaceIndex)?.Mode.ToString().ToLowerInvariant() ?? "gone";

    private static ImmutableArray<string> Written(IEnumerable<IPAddress> addresses) => [.. addresses.Select(address => address.ToString()).Order(StringComparer.Ordinal)];

    private static T Explained<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (BpfException error) when (error.Error is Linux.Errno.EPERM or Linux.Errno.EACCES)
        {
            throw new L4ApplyException($"taking tunnels apart takes root, or the rights CAP_BPF and CAP_NET_ADMIN: {error.Message.Split('\n')[0]}", error);
        }
        catch (Exception error) when (error is BpfException or IOException or UnauthorizedAccessException or DllNotFoundException)
        {
            throw new L4ApplyException(error.Message, error);
        }
    }
}
