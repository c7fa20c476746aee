// SPDX-License-Identifier: Apache-2.0
using Penstock.Linux;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Xdp;

/// <summary>The links that hold the program on interfaces.</summary>
/// <param name="pins">Where they are pinned.</param>
internal sealed class XdpAttachments(PinTree pins)
{
    private const int Looks = 50;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Fails if a pinned link is on an interface of another network namespace: what another host, as it were, lives by.</summary>
    /// <exception cref="L4ApplyException">One is.</exception>
    public void RefuseElsewhere()
    {
        // The namespace of a container that was made again may still be on its way out.
        for (var left = Looks; pins.LinkNames().FirstOrDefault(IsElsewhere) is { } name; left--)
        {
            if (left == 0)
            {
                throw new L4ApplyException(
                    $"the program pinned in {pins.Root} runs on interface {name} of another network namespace: give l4.pins a folder for this one, or take that off first (penstock detach)");
            }

            Thread.Sleep(LookEvery);
        }
    }

    /// <summary>Fails if an interface runs a program of somebody else, by its name.</summary>
    /// <exception cref="L4ApplyException">It does.</exception>
    public void RefuseForeign(HostInterface device)
    {
        if (XdpAttachment.Query(device.Index) is not { } running)
            return;
        using var link = BpfLink.OpenPinned(pins.Link(device.Name));
        if (link is not null && link.Info is { } info && info.InterfaceIndex == device.Index && info.ProgramId == running.ProgramId)
            return;
        throw new L4ApplyException(
            $"interface {device.Name} runs the XDP program {Name(running.ProgramId)}(id {running.ProgramId}, {running.Mode.ToString().ToLowerInvariant()}) of somebody else: take that off first");
    }

    /// <summary>Has interfaces run a program: through the link of one that has one, without a gap.</summary>
    /// <exception cref="L4ApplyException">An interface can't; none runs it that did not run one before, and those that did run one.</exception>
    public void Attach(IReadOnlyCollection<HostInterface> devices, BpfProgram program, XdpMode mode)
    {
        var held = pins.LinkNames();
        try
        {
            // One that is new may refuse: until none has, those that run a program run that.
            foreach (var device in devices.OrderBy(device => held.Contains(device.Name, StringComparer.Ordinal)))
                Attach(device, program, mode);
        }
        catch
        {
            foreach (var name in pins.LinkNames().Except(held, StringComparer.Ordinal))
                Detach(name);
            throw;
        }
    }

    /// <summary>Has those of some interfaces that are there run a program, whatever has become of the others: as far as they can.</summary>
    public void AttachThere(IEnumerable<string> names, IHostNetwork host, BpfProgram program, XdpMode mode)
    {
        foreach (var name in names)
        {
            try
            {
                if (host.Find(name) is not { } device)
                    continue;
                RefuseForeign(device);
                Attach(device, program, mode);
            }
            catch (Exception error) when (error is L4ApplyException || HostNeeds.IsFault(error))
            {
                // Status tells of an interface without the program; it is tried again in a second.
            }
        }
    }

    /// <summary>Takes the program off all interfaces but some.</summary>
    public void Keep(IEnumerable<HostInterface> devices)
    {
        foreach (var name in pins.LinkNames().Except(devices.Select(device => device.Name), StringComparer.Ordinal))
            Detach(name);
    }

    private void Attach(HostInterface device, BpfProgram program, XdpMode mode)
    {
        var path = pins.Link(device.Name);
        XdpMode? before = null;
        using (var link = BpfLink.OpenPinned(path))
        {
            if (link is not null && link.Info.InterfaceIndex == device.Index)
                before = XdpAttachment.Query(device.Index)?.Mode;
            if (link is not null && before == mode)
            {
                if (link.Info.ProgramId != program.Info.Id)
                    link.Update(program);
                return;
            }

            // The interface was made anew, or is to run the program elsewhere: this link is no use.
            if (link is not null && link.Info.InterfaceIndex != 0)
                link.Detach();
            File.Delete(path);
        }

        try
        {
            Link(device, program, mode);
        }
        catch (BpfException error)
        {
            if (before is { } worked)
                Link(device, program, worked);
            throw new L4ApplyException(Advice(device, mode, error), error);
        }
    }

    private void Link(HostInterface device, BpfProgram program, XdpMode mode)
    {
        using var link = BpfLink.AttachXdp(program, device.Index, mode);
        link.Pin(pins.Link(device.Name));
    }

    /// <summary>Takes the program off an interface.</summary>
    public void Detach(string interfaceName)
    {
        var path = pins.Link(interfaceName);
        using (var link = BpfLink.OpenPinned(path))
        {
            if (link is not null && link.Info.InterfaceIndex != 0)
                link.Detach();
        }

        File.Delete(path);
    }

    private bool IsElsewhere(string name)
    {
        using var link = BpfLink.OpenPinned(pins.Link(name));
        return link?.Info is { InterfaceIndex: > 0 } info && Running(info.InterfaceIndex) != info.ProgramId;
    }

    private static uint? Running(int interfaceIndex)
    {
        try
        {
            return XdpAttachment.Query(interfaceIndex)?.ProgramId;
        }
        catch (BpfException)
        {
            return null; // No such interface here.
        }
    }

    // Opening programs by their number takes CAP_SYS_ADMIN.
    private static string Name(uint id)
    {
        try
        {
            using var program = BpfProgram.OpenById(id);
            return program.Info.Name + " ";
        }
        catch (BpfException)
        {
            return "";
        }
    }

    private static string Advice(HostInterface device, XdpMode mode, BpfException error) => error.Error switch
    {
        Errno.EOPNOTSUPP or Errno.ENOTSUPP or Errno.EINVAL when mode == XdpMode.Native =>
            $"the driver of {device.Name} does not run XDP natively ({error.Error}); attach: generic works, at many times the cost",
        Errno.ERANGE => $"the MTU of {device.Name}, {device.Mtu}, is above what its driver does with XDP",
        _ => error.Message,
    };
}
