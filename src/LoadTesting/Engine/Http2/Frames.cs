using System.Buffers;
using System.Buffers.Binary;

namespace Fettle.LoadTesting.Engine.Http2;

enum FrameType : byte
{
    Data,
    Headers,
    Priority,
    Reset,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
}

[Flags]
enum FrameFlags : byte
{
    None = 0,
    EndStream = 0x1,
    Acknowledge = 0x1,
    EndHeaders = 0x4,
    Padded = 0x8,
    Priority = 0x20,
}

/// <summary>The frames of HTTP/2 (RFC 9113): sizes, settings and error codes that a client needs.</summary>
static class Frames
{
    public const int HeaderLength = 9;

    /// <summary>What each side may send in one frame unless told otherwise; this client never allows or sends more.</summary>
    public const int MaxPayload = 16_384;

    public const int DefaultWindow = 65_535;

    /// <summary>What this client allows a server to send ahead, for each stream and for the connection.</summary>
    public const int ReceiveWindow = 1 << 30;

    public const int SettingPush = 2;
    public const int SettingStreams = 3;
    public const int SettingWindow = 4;
    public const int SettingTable = 1;

    public const int CodeRefused = 7;
    public const int CodeCancel = 8;

    static readonly string[] Codes =
    [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL",
        "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ];

    public static string Name(int code) => code >= 0 && code < Codes.Length ? Codes[code] : $"error {code}";
}

/// <summary>What a connection has still to write. It holds a buffer only while there is something in it.</summary>
sealed class FrameOutput
{
    byte[] _buffer = [];
    int _start;
    int _end;

    public ReadOnlySpan<byte> Unsent => _buffer.AsSpan(_start, _end - _start);

    public void Took(int bytes)
    {
        _start += bytes;
        if (_start == _end)
        {
            Clear();
        }
    }

    public void Clear()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        (_buffer, _start, _end) = ([], 0, 0);
    }

    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    public void Frame(FrameType type, FrameFlags flags, int stream, ReadOnlySpan<byte> payload)
    {
        var at = Room(Frames.HeaderLength + payload.Length);
        BinaryPrimitives.WriteInt32BigEndian(at, payload.Length << 8 | (int)type);
        at[4] = (byte)flags;
        BinaryPrimitives.WriteInt32BigEndian(at[5..], stream);
        payload.CopyTo(at[Frames.HeaderLength..]);
    }

    /// <summary>A frame of one number: WINDOW_UPDATE or RST_STREAM.</summary>
    public void Frame(FrameType type, int stream, int number)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, number);
        Frame(type, FrameFlags.None, stream, payload);
    }

    Span<byte> Room(int length)
    {
        if (_buffer.Length - _end < length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(4096, 2 * (_end - _start + length)));
            Unsent.CopyTo(larger);
            var used = _end - _start;
            Clear();
            (_buffer, _start, _end) = (larger, 0, used);
        }

        _end += length;
        return _buffer.AsSpan(_end - length, length);
    }
}
