// SPDX-License-Identifier: Apache-2.0
using Penstock.Daemon.Commands;

return await CommandLine.RunAsync(args, Console.Out, Console.Error);
