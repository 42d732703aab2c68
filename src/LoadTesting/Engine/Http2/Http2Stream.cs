using System.Buffers.Text;
using Fettle.LoadTesting.Engine.Http;
using Fettle.LoadTesting.Engine.Loop;

namespace Fettle.LoadTesting.Engine.Http2;

/// <summary>One request and its answer on a connection. Used again for a later stream of the same connection.</summary>
sealed class Http2Stream : IFieldSink
{
    long _contentLength;
    bool _hasHead;
    AnswerCapture? _errorBody;

    public int Id { get; private set; }

    public Exchange Exchange;

    public int Status { get; private set; }

    public long BodyBytes { get; private set; }

    /// <summary>Whether any frame of an answer has come.</summary>
    public bool Started { get; private set; }

    public AnswerCapture? Capture { get; private set; }

    /// <summary>How much of the request's body has been written.</summary>
    public int Written { get; set; }

    /// <summary>How much the server lets this stream send.</summary>
    public long SendWindow { get; set; }

    /// <summary>Received and not yet given back to the server's window.</summary>
    public int Unacknowledged { get; set; }

    public void Begin(int id, in Exchange exchange, AnswerCapture? capture, long sendWindow)
    {
        (Id, Exchange, Capture, SendWindow) = (id, exchange, capture, sendWindow);
        (Status, BodyBytes, Written, Unacknowledged, _contentLength) = (0, 0, 0, 0, -1);
        Started = _hasHead = false;
    }

    public void Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_hasHead)
        {
            return; // Trailers say nothing that is counted.
        }

        if (name[0] == ':')
        {
            Status = name.SequenceEqual(":status"u8) && value.Length == 3 && Utf8Parser.TryParse(value, out int status, out var used) && used == 3 ? status : -1;
            return;
        }

        if (name.Length == 14 && name.SequenceEqual("content-length"u8))
        {
            _contentLength = Utf8Parser.TryParse(value, out long length, out var used) && used == value.Length && length >= 0 ? length : -2;
        }

        Capture?.Header(name, value);
    }

    /// <summary>A header block is over; returns what is wrong with it, or null.</summary>
    public string? EndOfBlock(bool endOfStream)
    {
        Started = true;
        if (_hasHead)
        {
            return endOfStream ? null : "trailers do not end the answer";
        }

        if (Status is < 100 or > 999)
        {
            return "the answer has no status";
        }

        if (Status < 200)
        {
            Status = 0;
            _contentLength = -1;
            Capture?.Restart();
            return endOfStream ? "an interim answer ends the stream" : null;
        }

        _hasHead = true;
        if (Capture is null && Status >= 400)
        {
            Capture = AnswerCapture.OfError(ref _errorBody);
        }

        return _contentLength == -2 ? "content-length is not a number" : null;
    }

    /// <summary>A piece of the body has come; returns what is wrong with it, or null.</summary>
    public string? Body(ReadOnlySpan<byte> piece)
    {
        Started = true;
        Capture?.Body(piece);
        BodyBytes += piece.Length;
        return _hasHead ? null : "a body came before its head";
    }

    /// <summary>The stream is over; returns what is wrong with its length, or null.</summary>
    public string? End() =>
        _contentLength >= 0 && BodyBytes != _contentLength && Status is not (204 or 304) && Exchange.Request.Method != "HEAD"
            ? $"the body has {BodyBytes} bytes; content-length says {_contentLength}" : null;
}
