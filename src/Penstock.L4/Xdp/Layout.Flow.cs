// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L4.Xdp;

internal static partial class Layout
{
    /// <summary>BACKEND_BITS: those of a flow's choice that name the backend; those above are its generation.</summary>
    public const int BackendBits = 24;

    /// <summary>The backend in a flow's choice.</summary>
    public const uint BackendMask = (1u << BackendBits) - 1;

    /// <summary>FLOW_AGE_BITS: those of a flow's use that tell when it was last seen, in seconds that wrap around; those above are its <see cref="FlowState"/>.</summary>
    public const int FlowAgeBits = 14;

    /// <summary>When a flow was last seen.</summary>
    public const int FlowAgeMask = (1 << FlowAgeBits) - 1;

    /// <summary>enum lb_flow_state.</summary>
    public enum FlowState
    {
        New = 0,
        Established = 1,
        Closing = 2,
        Stale = 3,
        ResetThere = 4,
        ResetBack = 5,
    }

    /// <summary>The state in a flow's use.</summary>
    public static FlowState StateOf(ushort use) => (FlowState)(use >> FlowAgeBits);
}
