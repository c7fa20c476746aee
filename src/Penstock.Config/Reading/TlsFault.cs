// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Config.Reading;

/// <summary>What is wrong with a file of a TLS identity.</summary>
/// <param name="Key">Key of the configuration that names the file: <c>certificate</c>, <c>key</c> or <c>ca</c>.</param>
/// <param name="IsError">Whether it can't be used; false: others may refuse it.</param>
/// <param name="Found">What was found.</param>
/// <param name="Expected">What was expected; empty when the other says it all.</param>
public sealed record TlsFault(string Key, bool IsError, string Found, string Expected = "");
