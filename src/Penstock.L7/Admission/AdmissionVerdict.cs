// SPDX-License-Identifier: Apache-2.0
namespace Penstock.L7.Admission;

/// <summary>What becomes of a new connection, and how it has to leave.</summary>
internal enum AdmissionVerdict
{
    /// <summary>Let in, counted for the listener.</summary>
    Admitted,

    /// <summary>Let in, counted for the listener and for its client.</summary>
    AdmittedForClient,

    /// <summary>Refused: the listener is full.</summary>
    ListenerFull,

    /// <summary>Refused: the client holds as many as it may.</summary>
    ClientFull,
}
