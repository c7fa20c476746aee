// SPDX-License-Identifier: Apache-2.0
namespace Penstock.Discovery.Kubernetes;

/// <summary>Cuts a watch into its events: JSON objects, each on a line of its own, as API servers write them (a text of JSON has its line breaks escaped).</summary>
/// <param name="stream">The watch.</param>
/// <param name="mostBytes">Bytes of one event.</param>
internal sealed class EventLines(Stream stream, int mostBytes)
{
    private byte[] _buffer = new byte[64 << 10];
    private int _start, _seen, _end;

    /// <summary>Whether the stream has said the beginning of an event.</summary>
    public bool HasRest => _start < _end;

    /// <summary>Takes the next event that is there whole. It is valid until the next call of either method.</summary>
    public bool TryTake(out ReadOnlyMemory<byte> line)
    {
        while (true)
        {
            var length = _buffer.AsSpan(_seen, _end - _seen).IndexOf((byte)'\n');
            if (length < 0)
            {
                (line, _seen) = (default, _end);
                return false;
            }

            line = _buffer.AsMemory(_start, _seen + length - _start);
            _start = _seen += length + 1;
            if (line.Length > 0)
                return true;
        }
    }

    /// <summary>Waits for more.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>False: the stream has ended.</returns>
    /// <exception cref="InvalidDataException">An event is too large.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _seen, _end) = (0, _seen - _start, _end - _start);
        }

        if (_end >= mostBytes)
            throw new InvalidDataException($"an event of more than {mostBytes >> 10} KiB");
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, Math.Max(mostBytes, _end + 1)));
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += read;
        return read > 0;
    }
}
