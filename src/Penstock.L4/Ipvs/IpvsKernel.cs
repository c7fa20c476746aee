// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Linux.Netlink;

namespace Penstock.L4.Ipvs;

/// <summary>The kernel's IPVS in this network namespace.</summary>
internal sealed class IpvsKernel : IDisposable
{
    private const string FamilyName = "IPVS";

    private readonly NetlinkSocket _socket;
    private GenericNetlinkFamily _family;
    private readonly NetlinkWriter _writer = new();

    private IpvsKernel(NetlinkSocket socket, GenericNetlinkFamily family)
    {
        _socket = socket;
        _family = family;
    }

    /// <summary>Opens it.</summary>
    /// <exception cref="L4ApplyException">The kernel has no IPVS loaded.</exception>
    /// <exception cref="NetlinkException">Netlink failed.</exception>
    public static IpvsKernel Open()
    {
        var socket = NetlinkSocket.Open(NetlinkProtocol.Generic);
        try
        {
            return new IpvsKernel(socket, Find(socket));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Everything it holds, with counters.</summary>
    /// <exception cref="NetlinkException">It can't be read.</exception>
    /// <exception cref="L4ApplyException">The kernel has no IPVS loaded any more.</exception>
    public IpvsTable Read()
    {
        try
        {
            return ReadNow();
        }
        catch (NetlinkException error) when (error.Error == Errno.ENOENT)
        {
            // No family has the number it had: its module was loaded again meanwhile.
            _family = Find(_socket);
            return ReadNow();
        }
    }

    /// <summary>Carries changes out, as many at a time as fit a datagram.</summary>
    /// <param name="commands">The changes.</param>
    /// <param name="isPassedOver">Whether one may fail so; null: none may.</param>
    /// <returns>Those that failed and may.</returns>
    /// <exception cref="NetlinkException">One failed; the first that did is named, and all schedulers that the kernel lacks. Those after it may have been done.</exception>
    public IReadOnlyList<IpvsCommand> Write(IReadOnlyList<IpvsCommand> commands, Func<IpvsCommand, NetlinkOutcome, bool>? isPassedOver = null)
    {
        var (lacking, passedOver) = (new List<IpvsCommand>(), new List<IpvsCommand>());
        for (var next = 0; next < commands.Count;)
        {
            var first = next;
            _writer.Clear();
            while (next < commands.Count && _writer.Length < NetlinkSocket.BatchBytes)
                IpvsCodec.Write(_writer, _family, commands[next++]);
            var outcomes = _socket.Exchange(_writer);
            for (var i = 0; i < outcomes.Length; i++)
            {
                var command = commands[first + i];
                if (IsSchedulerLacking(command, outcomes[i]))
                    lacking.Add(command);
                else if (!outcomes[i].IsOk && isPassedOver?.Invoke(command, outcomes[i]) == true)
                    passedOver.Add(command);
                else if (!outcomes[i].IsOk && lacking.Count == 0)
                    throw NetlinkException.Of(command.ToString(), outcomes[i]);
            }
        }

        if (lacking.Count > 0)
            throw SchedulersLacking(lacking);
        return passedOver;
    }

    /// <summary>The sync daemons that run.</summary>
    public List<IpvsSync> ReadSync()
    {
        var found = new List<IpvsSync>();
        _writer.Clear();
        IpvsCodec.WriteDumpSync(_writer, _family);
        _socket.Dump(_writer, "list the sync daemons of IPVS", found.Clear, (in NetlinkMessage message) => found.Add(IpvsCodec.ReadSync(message)));
        return found;
    }

    /// <summary>Starts or ends a sync daemon.</summary>
    public void WriteSync(IpvsSync sync, bool start)
    {
        _writer.Clear();
        IpvsCodec.WriteSync(_writer, _family, sync, start);
        _socket.Require(_writer, $"{(start ? "start" : "end")} the IPVS {sync.Name} daemon on {sync.Interface}");
    }

    /// <summary>The timeouts.</summary>
    public IpvsTimeouts ReadTimeouts()
    {
        var timeouts = default(IpvsTimeouts);
        _writer.Clear();
        IpvsCodec.WriteGetTimeouts(_writer, _family);
        _socket.Require(_writer, "read the timeouts of IPVS", (in NetlinkMessage message) => timeouts = IpvsCodec.ReadTimeouts(message));
        return timeouts;
    }

    /// <summary>Sets timeouts; 0 leaves one as it is.</summary>
    public void WriteTimeouts(IpvsTimeouts timeouts)
    {
        _writer.Clear();
        IpvsCodec.WriteTimeouts(_writer, _family, timeouts);
        _socket.Require(_writer, "set the timeouts of IPVS");
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static GenericNetlinkFamily Find(NetlinkSocket socket) =>
        GenericNetlinkFamily.Find(socket, FamilyName)
        ?? throw new L4ApplyException("l4: the kernel has no IPVS: modprobe ip_vs (in /etc/modules-load.d for each start), or another l4.engine");

    private IpvsTable ReadNow()
    {
        var found = new List<(IpvsService Service, IpvsCounters Counters)>();
        _writer.Clear();
        IpvsCodec.WriteDumpServices(_writer, _family);
        _socket.Dump(_writer, "list the services of IPVS", found.Clear, (in NetlinkMessage message) => found.Add(IpvsCodec.ReadService(message)));

        var table = new IpvsTable();
        foreach (var (service, counters) in found)
        {
            var entry = table.Add(service, counters);
            _writer.Clear();
            IpvsCodec.WriteDumpDestinations(_writer, _family, service);
            _socket.Dump(_writer, $"list the destinations of {service.Key}", entry.Destinations.Clear, (in NetlinkMessage message) => Add(entry, IpvsCodec.ReadDestination(message, service.Key.Family)));
        }

        return table;
    }

    private static void Add(IpvsTable.Entry entry, IpvsTable.Held held) => entry.Destinations[held.Destination.Key] = held;

    // The kernel says ENOENT when it can't load a scheduler's module.
    private static bool IsSchedulerLacking(IpvsCommand command, NetlinkOutcome outcome) =>
        outcome.Error == Errno.ENOENT && command is { Destination: null, Kind: not IpvsCommandKind.Remove };

    private static NetlinkException SchedulersLacking(List<IpvsCommand> commands)
    {
        var modules = commands.Select(command => $"ip_vs_{command.Service.Scheduler}").Distinct(StringComparer.Ordinal).ToArray();
        return new NetlinkException($"could not {commands[0]}: the kernel lacks its scheduler: modprobe {(modules.Length > 1 ? "-a " : "")}{string.Join(' ', modules)}", Errno.ENOENT);
    }
}
