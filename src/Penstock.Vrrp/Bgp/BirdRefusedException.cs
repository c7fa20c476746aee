// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Vrrp.Bgp;

/// <summary>BIRD has answered, and does not do what it was asked for.</summary>
/// <param name="message">What was asked, and why not.</param>
internal sealed class BirdRefusedException(string message) : IOException(message);
