// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Fuzz;

/// <summary>Who sent a stream of messages.</summary>
internal enum Direction
{
    Request,
    Response,
}
