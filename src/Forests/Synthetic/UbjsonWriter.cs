using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace Fettle.Forests;

/// <summary>Universal Binary JSON (draft 12) as XGBoost writes it: lengths as int64, numbers of one kind as typed arrays, big-endian.</summary>
internal static class UbjsonWriter
{
    public static byte[] Write(JsonObject document)
    {
        var stream = new MemoryStream();
        Object(stream, document);
        return stream.ToArray();
    }

    static void Object(MemoryStream stream, JsonObject node)
    {
        stream.WriteByte((byte)'{');
        foreach (var (key, value) in node)
        {
            Length(stream, Encoding.UTF8.GetByteCount(key));
            stream.Write(Encoding.UTF8.GetBytes(key));
            Value(stream, value!);
        }

        stream.WriteByte((byte)'}');
    }

    static void Value(MemoryStream stream, JsonNode node)
    {
        switch (node)
        {
            case JsonObject inner:
                Object(stream, inner);
                break;
            case JsonArray { Count: > 0 } array when array[0] is JsonValue first && first.TryGetValue<float>(out _) && !first.TryGetValue<int>(out _):
                Typed(stream, 'd', array.Count);
                foreach (var item in array)
                {
                    Integer(stream, BitConverter.SingleToInt32Bits(item!.GetValue<float>()));
                }

                break;
            case JsonArray { Count: > 0 } array when array[0] is JsonValue:
                Typed(stream, 'l', array.Count);
                foreach (var item in array)
                {
                    Integer(stream, item!.GetValue<int>());
                }

                break;
            case JsonArray array:
                stream.WriteByte((byte)'[');
                foreach (var item in array)
                {
                    Value(stream, item!);
                }

                stream.WriteByte((byte)']');
                break;
            case JsonValue value when value.TryGetValue<string>(out var text):
                stream.WriteByte((byte)'S');
                Length(stream, Encoding.UTF8.GetByteCount(text));
                stream.Write(Encoding.UTF8.GetBytes(text));
                break;
            default:
                stream.WriteByte((byte)'l');
                Integer(stream, node.GetValue<int>());
                break;
        }
    }

    static void Typed(MemoryStream stream, char type, int count)
    {
        stream.Write([(byte)'[', (byte)'$', (byte)type, (byte)'#']);
        Length(stream, count);
    }

    static void Length(MemoryStream stream, long length)
    {
        Span<byte> bytes = stackalloc byte[9];
        bytes[0] = (byte)'L';
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], length);
        stream.Write(bytes);
    }

    static void Integer(MemoryStream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        stream.Write(bytes);
    }
}
