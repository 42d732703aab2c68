using System.Buffers;
using System.Buffers.Binary;
using Fettle.LoadTesting.Engine.Http2;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>What the server sends: frames of any cut, each handled when it is whole.</summary>
sealed partial class Http2Connection
{
    const int MaxBlock = 256 << 10;

    byte[] _held = [];
    int _heldLength;
    ArrayBufferWriter<byte>? _block;
    int _blockStream;
    bool _blockEnds;
    bool _hasSettings;

    public override void Received(ReadOnlySpan<byte> data, EngineLoop loop)
    {
        // Only as much is copied as the frame that was cut still needs.
        while (_heldLength > 0)
        {
            var needed = Frames.HeaderLength + (_heldLength < Frames.HeaderLength ? 0 : PayloadLength(_held));
            var piece = data[..Math.Min(data.Length, needed - _heldLength)];
            piece.CopyTo(_held.AsSpan(_heldLength));
            _heldLength += piece.Length;
            data = data[piece.Length..];
            if (_heldLength < needed)
            {
                return;
            }

            if (!Fits(_held, loop))
            {
                return;
            }

            var whole = Frames.HeaderLength + PayloadLength(_held);
            if (_heldLength == whole)
            {
                _heldLength = 0;
                if (!Frame(_held.AsSpan(0, whole), loop))
                {
                    return;
                }
            }
        }

        while (data.Length >= Frames.HeaderLength)
        {
            if (!Fits(data, loop))
            {
                return;
            }

            var length = Frames.HeaderLength + PayloadLength(data);
            if (data.Length < length)
            {
                break;
            }

            if (!Frame(data[..length], loop))
            {
                return;
            }

            data = data[length..];
        }

        Hold(data);
    }

    static int PayloadLength(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadInt32BigEndian(frame) >>> 8;

    void Hold(ReadOnlySpan<byte> rest)
    {
        if (rest.Length > 0 && _held.Length == 0)
        {
            _held = ArrayPool<byte>.Shared.Rent(Frames.HeaderLength + Frames.MaxPayload);
        }
        else if (rest.Length == 0 && _held.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_held);
            _held = [];
        }

        rest.CopyTo(_held);
        _heldLength = rest.Length;
    }

    /// <summary>Refuses what is no frame of this protocol before it is waited for.</summary>
    bool Fits(ReadOnlySpan<byte> head, EngineLoop loop)
    {
        if (!_hasSettings && (FrameType)head[3] != FrameType.Settings)
        {
            return Fault("the server does not speak HTTP/2: its first frame is not SETTINGS", loop);
        }

        return PayloadLength(head) <= Frames.MaxPayload || Fault($"a frame has {PayloadLength(head)} bytes; {Frames.MaxPayload} are allowed", loop);
    }

    bool Fault(string detail, EngineLoop loop)
    {
        Broke("malformed answer", detail, loop);
        return false;
    }

    /// <summary>Handles a whole frame; false when the connection is closed.</summary>
    bool Frame(ReadOnlySpan<byte> frame, EngineLoop loop)
    {
        var (type, flags, id) = ((FrameType)frame[3], (FrameFlags)frame[4], BinaryPrimitives.ReadInt32BigEndian(frame[5..]) & int.MaxValue);
        var payload = frame[Frames.HeaderLength..];
        if (_block is not null && (type != FrameType.Continuation || id != _blockStream))
        {
            return Fault("a header block is interrupted", loop);
        }

        if (type is FrameType.Data or FrameType.Headers && flags.HasFlag(FrameFlags.Padded))
        {
            if (payload.Length == 0 || payload[0] >= payload.Length)
            {
                return Fault("the padding is longer than its frame", loop);
            }

            // Padding counts in the windows (RFC 9113, 6.1); what is given back below is only the rest, so it is given back here.
            _unacknowledged += type == FrameType.Data ? payload[0] + 1 : 0;
            payload = payload[1..^payload[0]];
        }

        switch (type)
        {
            case FrameType.Data:
                return Data(id, payload, flags.HasFlag(FrameFlags.EndStream), loop);
            case FrameType.Headers:
                if (flags.HasFlag(FrameFlags.Priority))
                {
                    if (payload.Length < 5)
                    {
                        return Fault("a priority is cut", loop);
                    }

                    payload = payload[5..];
                }

                (_blockStream, _blockEnds) = (id, flags.HasFlag(FrameFlags.EndStream));
                return Headers(payload, flags.HasFlag(FrameFlags.EndHeaders), loop);
            case FrameType.Continuation:
                return _block is null ? Fault("a header block is continued that did not begin", loop) : Headers(payload, flags.HasFlag(FrameFlags.EndHeaders), loop);
            case FrameType.Settings:
                return flags.HasFlag(FrameFlags.Acknowledge) || Settings(payload, loop);
            case FrameType.Ping:
                if (!flags.HasFlag(FrameFlags.Acknowledge))
                {
                    _output.Frame(FrameType.Ping, FrameFlags.Acknowledge, 0, payload);
                    loop.WriteLater(this);
                }

                return true;
            case FrameType.Reset:
                return payload.Length == 4 ? Reset(id, BinaryPrimitives.ReadInt32BigEndian(payload), loop) : Fault("a reset has not 4 bytes", loop);
            case FrameType.WindowUpdate:
                return payload.Length == 4 ? Window(id, BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue, loop) : Fault("a window update has not 4 bytes", loop);
            case FrameType.GoAway:
                return payload.Length >= 8 ? GoAway(BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue, BinaryPrimitives.ReadInt32BigEndian(payload[4..]), loop) : Fault("a farewell has fewer than 8 bytes", loop);
            case FrameType.PushPromise:
                return Fault("the server pushes although that is switched off", loop);
            default:
                return true; // Unknown frames are ignored (RFC 9113, 4.1).
        }
    }

    bool Headers(ReadOnlySpan<byte> piece, bool whole, EngineLoop loop)
    {
        if (_block is null && whole)
        {
            return Block(piece, loop);
        }

        _block ??= new ArrayBufferWriter<byte>(2 * Frames.MaxPayload);
        _block.Write(piece);
        if (_block.WrittenCount > MaxBlock)
        {
            return Fault($"a header block is longer than {MaxBlock} bytes", loop);
        }

        if (!whole)
        {
            return true;
        }

        var block = _block;
        _block = null;
        return Block(block.WrittenSpan, loop);
    }

    bool Block(ReadOnlySpan<byte> block, EngineLoop loop)
    {
        var stream = _streams.GetValueOrDefault(_blockStream);
        if (stream is null && (_blockStream % 2 == 0 || _blockStream >= _nextStream))
        {
            return Fault($"an answer came for stream {_blockStream}, which was not opened", loop);
        }

        // The block of a stream that is over still changes the table.
        if (_decoder.Decode(block, (IFieldSink?)stream ?? NoFields.Instance) is { } wrong)
        {
            return Fault(wrong, loop);
        }

        if (stream is null)
        {
            return true;
        }

        stream.Exchange.Workload.Recorder.BytesReceived += Frames.HeaderLength + block.Length;
        if (stream.EndOfBlock(_blockEnds) is { } fault)
        {
            return Malformed(stream, fault, loop);
        }

        if (_blockEnds)
        {
            Complete(stream, loop);
        }

        return State == ConnectionState.Open;
    }

    bool Data(int id, ReadOnlySpan<byte> piece, bool ends, EngineLoop loop)
    {
        _unacknowledged += piece.Length;
        if (_unacknowledged > Frames.ReceiveWindow / 2)
        {
            _output.Frame(FrameType.WindowUpdate, 0, _unacknowledged);
            _unacknowledged = 0;
            loop.WriteLater(this);
        }

        if (!_streams.TryGetValue(id, out var stream))
        {
            return id % 2 == 1 && id < _nextStream || Fault($"a body came for stream {id}, which was not opened", loop);
        }

        stream.Exchange.Workload.Recorder.BytesReceived += Frames.HeaderLength + piece.Length;
        if (stream.Body(piece) is { } fault)
        {
            return Malformed(stream, fault, loop);
        }

        if (stream.BodyBytes > Pool.MaxBodyBytes)
        {
            var exchange = stream.Exchange;
            Cancel(stream, loop);
            loop.Unanswered(exchange, "answer too large", $"the body is longer than {Pool.MaxBodyBytes} bytes", waited: false);
            return State == ConnectionState.Open;
        }

        if (ends)
        {
            Complete(stream, loop);
            return State == ConnectionState.Open;
        }

        stream.Unacknowledged += piece.Length;
        if (stream.Unacknowledged > Frames.ReceiveWindow / 2)
        {
            _output.Frame(FrameType.WindowUpdate, id, stream.Unacknowledged);
            stream.Unacknowledged = 0;
            loop.WriteLater(this);
        }

        return true;
    }

    bool Malformed(Http2Stream stream, string fault, EngineLoop loop)
    {
        var exchange = stream.Exchange;
        Cancel(stream, loop);
        loop.Unanswered(exchange, "malformed answer", fault, waited: false);
        return State == ConnectionState.Open;
    }

    bool Settings(ReadOnlySpan<byte> payload, EngineLoop loop)
    {
        if (payload.Length % 6 != 0)
        {
            return Fault("settings are cut", loop);
        }

        _hasSettings = true;
        for (; payload.Length > 0; payload = payload[6..])
        {
            var value = BinaryPrimitives.ReadUInt32BigEndian(payload[2..]);
            switch (BinaryPrimitives.ReadUInt16BigEndian(payload))
            {
                case Frames.SettingStreams:
                    _mostStreams = (int)Math.Min(value, (uint)Pool.Streams);
                    break;
                case Frames.SettingTable:
                    _tellsTableSize = true;
                    break;
                case Frames.SettingWindow when value > int.MaxValue:
                    return Fault($"the initial window is {value}", loop);
                case Frames.SettingWindow:
                    foreach (var stream in _streams.Values)
                    {
                        stream.SendWindow += (int)value - _streamWindow;
                    }

                    _streamWindow = (int)value;
                    break;
            }
        }

        _output.Frame(FrameType.Settings, FrameFlags.Acknowledge, 0, []);
        WriteBlocked(loop);
        loop.Offer(this);
        return State == ConnectionState.Open;
    }

    bool Window(int id, int more, EngineLoop loop)
    {
        if (id == 0)
        {
            _sendWindow += more;
        }
        else if (_streams.TryGetValue(id, out var stream))
        {
            stream.SendWindow += more;
        }

        WriteBlocked(loop);
        return true;
    }

    /// <summary>The server gives up a stream; one that it refused without looking at it is sent again.</summary>
    bool Reset(int id, int code, EngineLoop loop)
    {
        if (!_streams.TryGetValue(id, out var stream))
        {
            return true;
        }

        var exchange = stream.Exchange;
        Leave(stream, loop);
        if (code == Frames.CodeRefused && !exchange.Retried)
        {
            loop.Retry(exchange);
        }
        else
        {
            loop.Unanswered(exchange, "stream reset", $"the server reset the stream: {Frames.Name(code)}", waited: false);
        }

        return State == ConnectionState.Open;
    }

    /// <summary>The server takes no more streams on this connection; those that it did not look at are sent again on another.</summary>
    bool GoAway(int last, int code, EngineLoop loop)
    {
        _leaving = true;
        foreach (var stream in _streams.Values.Where(s => s.Id > last).ToArray())
        {
            var exchange = stream.Exchange;
            Leave(stream, loop);
            if (!exchange.Retried)
            {
                loop.Retry(exchange);
            }
            else
            {
                loop.Unanswered(exchange, "connection closed", $"the server takes no more requests: {Frames.Name(code)}", waited: false);
            }
        }

        if (_streams.Count == 0 && State == ConnectionState.Open)
        {
            loop.Close(this);
            loop.Refill(Pool);
        }

        return State == ConnectionState.Open;
    }

    sealed class NoFields : IFieldSink
    {
        public static NoFields Instance { get; } = new();

        public void Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
        {
        }
    }
}
