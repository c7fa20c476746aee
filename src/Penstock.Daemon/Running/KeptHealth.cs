// SPDX-License-Identifier: Apache-2.0
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Penstock.Health;
using Penstock.Linux;
using Penstock.Model;

namespace Penstock.Daemon.Running;

/// <summary>
/// What health checks have found down, over the end of this process: in a file in memory that the service manager keeps from the first endpoint on that is down, and gives to the next process. It goes
/// when the service is stopped, as what it says would be long ago by the next start.
/// </summary>
internal sealed class KeptHealth : IDisposable
{
    // Neither names nor addresses have one.
    private const char Separator = '\0';
    private const string UnixPrefix = "unix:";

    private readonly Action<MemoryFile>? _keep;
    private readonly ILogger _logger;
    private MemoryFile? _file;
    private bool _isKept;

    /// <summary>Reads what is there.</summary>
    /// <param name="inherited">The file of the process before; null: there is none.</param>
    /// <param name="keep">Gives a file to the service manager; null: there is none.</param>
    /// <param name="logger">Log.</param>
    public KeptHealth(FileDescriptor? inherited, Action<MemoryFile>? keep, ILogger logger)
    {
        (_keep, _logger) = (keep, logger);
        if (inherited is null)
            return;
        (_file, _isKept) = (new MemoryFile(inherited), true);
        try
        {
            if (_file.Read() is { } content)
            {
                Before = Parse(Encoding.UTF8.GetString(content));
                return;
            }

            logger.LogWarning("what health checks had found before is not known: it was not written to its end");
            Write([]); // Whoever comes next need not hear of it.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning("what health checks had found before is not known: {Reason}", error.Message);
        }
    }

    /// <summary>What was down when the process before ended.</summary>
    public IReadOnlyList<DownEndpoint> Before { get; } = [];

    /// <summary>Takes note of all that is down.</summary>
    public void Write(IReadOnlyList<DownEndpoint> down)
    {
        if (_keep is null || (_file is null && down.Count == 0))
            return;
        var content = Encoding.UTF8.GetBytes(string.Join(Separator, down.Select(one => $"{one.Cluster}{Separator}{one.Address}")));
        try
        {
            _file ??= MemoryFile.Create("penstock-health");
            _file.Write(content);
            if (!_isKept)
                _keep(_file); // Not before it has something that can be read, whichever time it is written.
            _isKept = true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            _logger.LogWarning("what health checks find is not kept for the next process: {Reason}", error.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static DownEndpoint[] Parse(string content) =>
    [
        .. from pair in content.Split(Separator).Chunk(2)
           let address = pair.Length == 2 ? Address(pair[1]) : null
           where address is not null
           select new DownEndpoint(pair[0], address.GetValueOrDefault()),
    ];

    private static SocketEndpoint? Address(string text) =>
        text.StartsWith(UnixPrefix, StringComparison.Ordinal) ? SocketEndpoint.Unix(text[UnixPrefix.Length..])
        : IPEndPoint.TryParse(text, out var address) ? SocketEndpoint.Ip(address.Address, address.Port)
        : null;
}
