// SPDX-License-Identifier: Apache-2.0
using Penstock.Model.Schema;

namespace Penstock.Model;

/// <summary>The admin API's Unix socket.</summary>
public sealed record AdminConfig
{
    /// <summary>Path of the socket, created with mode 0660. Default /run/penstock/admin.sock.</summary>
    [Text(TextForm.SocketPath)]
    public string Socket { get; init; } = "/run/penstock/admin.sock";
}
