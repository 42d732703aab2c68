using System.Buffers.Text;
using System.Text;

namespace Fettle.LoadTesting.Engine.Http;

/// <summary>The status line and the headers that decide where the answer ends.</summary>
sealed partial class ResponseParser
{
    void ResetHead()
    {
        _http10 = _close = _keep = _chunked = _framingLine = false;
        _contentLength = -1;
    }

    ParseStatus StatusLine(ReadOnlySpan<byte> line)
    {
        if (line.Length == 0 && _headBytes <= 4)
        {
            return ParseStatus.NeedMore; // RFC 9112 2.2: an empty line before the message may be ignored.
        }

        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[7] is < (byte)'0' or > (byte)'9' || line[8] != ' '
            || !Digit(line[9]) || !Digit(line[10]) || !Digit(line[11]) || line.Length > 12 && line[12] != ' ')
        {
            return Fail(ParseStatus.Malformed, $"status line '{Printable(line)}' is not HTTP/1.x");
        }

        Status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
        if (Status < 100)
        {
            return Fail(ParseStatus.Malformed, $"status {Status} is below 100");
        }

        _http10 = line[7] == '0';
        return Go(State.Header);
    }

    static bool Digit(byte b) => b is >= (byte)'0' and <= (byte)'9';

    ParseStatus Header(ReadOnlySpan<byte> line)
    {
        if (line[0] is (byte)' ' or (byte)'\t')
        {
            // An obsolete folded line: harmless unless it would change where the answer ends.
            return _framingLine ? Fail(ParseStatus.Malformed, "a framing header is folded over two lines") : ParseStatus.NeedMore;
        }

        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[colon - 1] is (byte)' ' or (byte)'\t')
        {
            return Fail(ParseStatus.Malformed, $"header line '{Printable(line)}' has no name");
        }

        _framingLine = false;
        Capture?.Header(line[..colon], Trim(line[(colon + 1)..]));
        return (line[0] | 0x20, colon) switch
        {
            ('c', 14) when Ascii.EqualsIgnoreCase(line[..colon], "content-length"u8) => ContentLength(Trim(line[(colon + 1)..])),
            ('c', 10) when Ascii.EqualsIgnoreCase(line[..colon], "connection"u8) => Connection(line[(colon + 1)..]),
            ('t', 17) when Ascii.EqualsIgnoreCase(line[..colon], "transfer-encoding"u8) => TransferEncoding(Trim(line[(colon + 1)..])),
            _ => ParseStatus.NeedMore,
        };
    }

    ParseStatus ContentLength(ReadOnlySpan<byte> value)
    {
        _framingLine = true;
        if (value.Length is 0 or > 18 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(value, out long length, out _))
        {
            return Fail(ParseStatus.Malformed, $"Content-Length '{Printable(value)}' is not a number");
        }

        if (_contentLength >= 0 && _contentLength != length)
        {
            return Fail(ParseStatus.Malformed, $"two Content-Lengths, {_contentLength} and {length}");
        }

        _contentLength = length;
        return ParseStatus.NeedMore;
    }

    ParseStatus Connection(ReadOnlySpan<byte> value)
    {
        foreach (var range in value.Split((byte)','))
        {
            var token = Trim(value[range]);
            _close |= Ascii.EqualsIgnoreCase(token, "close"u8);
            _keep |= Ascii.EqualsIgnoreCase(token, "keep-alive"u8);
        }

        return ParseStatus.NeedMore;
    }

    ParseStatus TransferEncoding(ReadOnlySpan<byte> value)
    {
        _framingLine = true;
        var last = Trim(value[(value.LastIndexOf((byte)',') + 1)..]);
        if (!Ascii.EqualsIgnoreCase(last, "chunked"u8))
        {
            return Fail(ParseStatus.Malformed, $"Transfer-Encoding '{Printable(value)}' does not end in chunked");
        }

        _chunked = true;
        return ParseStatus.NeedMore;
    }

    ParseStatus EndOfHead()
    {
        _headBytes = 0;
        if (Status is >= 100 and < 200)
        {
            if (Status == 101 || ++_interim > MaxInterim)
            {
                return Fail(ParseStatus.Malformed, Status == 101 ? "the server switched protocols unasked" : $"more than {MaxInterim} interim answers");
            }

            Capture?.Restart();
            ResetHead();
            return Go(State.StatusLine);
        }

        if (Capture is null && Status >= 400)
        {
            Capture = AnswerCapture.OfError(ref _errorBody);
        }

        if (_head || Status is 204 or 304)
        {
            return Go(State.Done);
        }

        if (_chunked)
        {
            // RFC 9112 6.3: chunked wins over a length, and such a connection is not trusted further.
            _close |= _contentLength >= 0;
            return Go(State.ChunkSize);
        }

        if (_contentLength > _maxBodyBytes)
        {
            return Fail(ParseStatus.TooLarge, $"Content-Length {_contentLength} is above the limit of {_maxBodyBytes} bytes");
        }

        _remaining = _contentLength;
        return Go(_contentLength switch { < 0 => State.UntilClose, 0 => State.Done, _ => State.Body });
    }

    static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value) => value.Trim((ReadOnlySpan<byte>)" \t"u8);
}
