// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model.L7;

/// <summary>Where requests are logged, and how.</summary>
public sealed record AccessLogConfig
{
    /// <summary>File path, or <c>stdout</c>. Default stdout.</summary>
    [Text(TextForm.FileOrStdout)]
    [Example("/var/log/penstock/access.log")]
    public string Path { get; init; } = "stdout";

    /// <summary><c>json</c> (the default) or a format string with <c>%{field}</c> placeholders.</summary>
    [Text(TextForm.AccessLogFormat)]
    [Example("\"%{client_address} %{method} %{target} %{status}\"")]
    public string Format { get; init; } = "json";

    /// <summary>Bytes of ring buffer for each reactor; records that do not fit are dropped and counted. Default 1 MiB.</summary>
    [Key("buffer")]
    [Unit(Unit.Bytes)]
    [Range("64KiB", "1GiB")]
    public int BufferBytes { get; init; } = 1 << 20;
}
