// SPDX-License-Identifier: Apache-2.0
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Penstock.L4.Capture;
using Penstock.L4.Xdp;
using Penstock.Linux.Bpf;

namespace Penstock.L4.Tests.Xdp;

/// <summary>C owns the layout: each mirror is compared with the types of the compiled object.</summary>
public sealed class LayoutTests
{
    private static readonly (Type Mirror, string Struct)[] s_mirrors =
    [
        (typeof(Layout.Settings), "lb_settings"), (typeof(Layout.ServiceKey), "lb_service_key"), (typeof(Layout.RangeKey), "lb_range_key"),
        (typeof(Layout.Service), "lb_service"), (typeof(Layout.Vip), "lb_vip"), (typeof(Layout.Backend), "lb_backend"),
        (typeof(Layout.SourceKey), "lb_source_key"), (typeof(Layout.QuicKey), "lb_quic_key"), (typeof(Layout.NatKey), "lb_nat_key"), (typeof(Layout.NatFlow), "lb_nat_flow"), (typeof(Layout.VlanLink), "lb_vlan_link"), (typeof(Layout.SynWindow), "lb_syn_window"), (typeof(Layout.BackendStats), "lb_backend_stats"), (typeof(Layout.ReturnStats), "lb_return_stats"), (typeof(Layout.ServiceStats), "lb_service_stats"),
        (typeof(Layout.DropStats), "lb_drop_stats"), (typeof(Layout.ServiceDrop), "lb_service_drop"), (typeof(Layout.FlowSet), "lb_flow_set"), (typeof(Layout.Address), "lb_address"),
        (typeof(SampleLayout.Filter), "lb_capture_filter"), (typeof(SampleLayout.Stats), "lb_capture_stats"),
    ];

    [XdpFact]
    public void Mirrors_OfStructs_HaveTheirSizesAndOffsets()
    {
        using var opened = BpfObject.Open(ProgramObject.Path("xdp_lb"));
        foreach (var (mirror, name) in s_mirrors)
        {
            var layout = opened.Btf.Struct(name).ShouldNotBeNull(name);
            SizeOf(mirror).ShouldBe(layout.Size, name);
            if (mirror == typeof(Layout.Address))
                continue;

            // An array in C may be a field for each element here, and several bytes one field.
            var ours = mirror.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).ToDictionary(field => OffsetOf(mirror, field));
            layout.Fields.Where(field => !(ours.TryGetValue(field.Offset, out var own) && Spelling(own.Name).Contains(Spelling(field.Name), StringComparison.Ordinal)))
                .Select(field => $"{field.Name} at {field.Offset}: {ours.GetValueOrDefault(field.Offset)?.Name}").ShouldBeEmpty(name);
        }
    }

    [XdpFact]
    public void Probe_HasTheSizeAndOffsetsOfItsStruct()
    {
        using var opened = BpfObject.Open(ProgramObject.Path("probe"));
        var layout = opened.Btf.Struct("lb_probe").ShouldNotBeNull();

        SizeOf(typeof(Layout.Probe)).ShouldBe(layout.Size);
        layout.Fields.Select(field => field.Offset).ShouldBe(typeof(Layout.Probe).GetFields().Select(field => OffsetOf(typeof(Layout.Probe), field)));
    }

    [XdpFact]
    public void Sample_EndsWhereTheDataOfTheStructBegins()
    {
        using var opened = BpfObject.Open(ProgramObject.Path("xdp_lb"));
        var layout = opened.Btf.Struct("lb_capture").ShouldNotBeNull();
        var offsets = typeof(SampleLayout.Sample).GetFields().Select(field => OffsetOf(typeof(SampleLayout.Sample), field)).Append(SizeOf(typeof(SampleLayout.Sample)));

        layout.Fields.Select(field => field.Offset).ShouldBeSubsetOf(offsets);
        layout.Fields[^1].Offset.ShouldBe(SizeOf(typeof(SampleLayout.Sample)));
    }

    [Fact]
    public void Names_OfMaps_AreThoseThatBothSidesShare()
    {
        // Others are the program's scratch space, and go with it.
        var shared = File.ReadLines(Path.Combine(ProgramObject.Root, "bpf/include/maps.h")).Where(line => line.StartsWith("} ", StringComparison.Ordinal) && line.EndsWith(" SEC(\".maps\");", StringComparison.Ordinal));

        shared.Select(line => line.Split(' ')[1]).ShouldBe(XdpMaps.Names, ignoreOrder: true);
    }

    [Theory]
    [InlineData("LB_LAYOUT_VERSION", Layout.Version)]
    [InlineData("LB_RING_LINE_SLOTS", Layout.RingLineSlots)]
    [InlineData("LB_FLOW_WAYS", Layout.FlowWays)]
    [InlineData("LB_CAPTURE_BYTES", SampleLayout.MostBytes)]
    [InlineData("LB_CAPTURE_IPV6", SampleLayout.Ipv6Clients)]
    [InlineData("LB_NAT_BACK", Layout.NatBack)]
    [InlineData("FLOW_AGE_BITS", Layout.FlowAgeBits, "flow.h")]
    [InlineData("BACKEND_BITS", Layout.BackendBits, "flow.h")]
    public void Constants_OfTheHeader_AreOurs(string name, int value, string header = "layout.h")
    {
        var line = File.ReadLines(Path.Combine(ProgramObject.Root, "bpf/include", header)).Single(text => text.StartsWith($"#define {name} ", StringComparison.Ordinal));

        int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture).ShouldBe(value);
    }

    [Theory]
    [InlineData("LB_DROP_", typeof(DropReason), "LB_DROP_REASONS")]
    [InlineData("LB_SERVICE_", typeof(Layout.ServiceFlags), "")]
    [InlineData("LB_EMPTY_", typeof(Layout.EmptyKind), "")]
    [InlineData("LB_FORWARD_", typeof(Layout.ForwardingKind), "")]
    [InlineData("LB_STATE_", typeof(Layout.StateKind), "")]
    [InlineData("LB_BACKEND_", typeof(Layout.BackendFlags), "")]
    [InlineData("LB_VIP_", typeof(Layout.VipFlags), "LB_VIP_FILTER_WORDS")]
    [InlineData("LB_FEATURE_", typeof(Layout.Features), "")]
    [InlineData("LB_FLOW_", typeof(Layout.FlowState), "")]
    [InlineData("LB_SOURCE_", typeof(Layout.SourceVerdict), "")]
    public void Enums_OfTheHeader_AreOurs(string prefix, Type mirror, string except)
    {
        // Enums that only macros use are not in the object's types: the header's text is what both sides have.
        var text = File.ReadAllText(Path.Combine(ProgramObject.Root, "bpf/include/layout.h"));
        var members = text.Split('\n').Select(line => line.Trim().Split(',')[0].Split(" = ")).Where(parts => parts.Length == 2 && parts[0].StartsWith(prefix, StringComparison.Ordinal)).ToArray();
        members.Length.ShouldBeGreaterThan(1);

        foreach (var member in members.Where(parts => parts[0] != except))
        {
            var shift = member[1].Split(" << ");
            var value = shift.Length == 2 ? 1 << int.Parse(shift[1], CultureInfo.InvariantCulture) : int.Parse(member[1], CultureInfo.InvariantCulture);
            var word = member[0][prefix.Length..].Replace("_", "", StringComparison.Ordinal);
            Enum.TryParse(mirror, word, ignoreCase: true, out var ours).ShouldBeTrue(member[0]);
            Convert.ToInt64(ours, CultureInfo.InvariantCulture).ShouldBe(value, member[0]);
        }
    }

    // nat_tcp_timeout, NatTcpTimeout; an element of an array has more, such as TcpFragmentPort
    private static string Spelling(string name) => name.Replace("_", "", StringComparison.Ordinal).Replace("ifindex", "interfaceindex", StringComparison.Ordinal).ToUpperInvariant();

    private static int SizeOf(Type type) => (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!; // it returns an int

    private static int OffsetOf(Type type, FieldInfo field) => (int)Marshal.OffsetOf(type, field.Name);
}
