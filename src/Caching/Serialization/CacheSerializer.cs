using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Fettle.Caching;

/// <summary>The serializers that come with the cache.</summary>
public static class CacheSerializer
{
    /// <summary>Bytes as they are.</summary>
    public static ICacheSerializer<byte[]> Bytes { get; } = new BytesSerializer();

    /// <summary>JSON through source-generated metadata, for example <c>CacheSerializer.Json(MyContext.Default.Quote)</c>.</summary>
    public static ICacheSerializer<T> Json<T>(JsonTypeInfo<T> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return new JsonSerializerOf<T>(metadata);
    }

    sealed class BytesSerializer : ICacheSerializer<byte[]>
    {
        public void Serialize(byte[] value, IBufferWriter<byte> destination) => destination.Write(value);

        public byte[] Deserialize(ReadOnlySpan<byte> source) => source.ToArray();
    }

    sealed class JsonSerializerOf<T>(JsonTypeInfo<T> metadata) : ICacheSerializer<T>
    {
        [ThreadStatic]
        static Utf8JsonWriter? _writer;

        public void Serialize(T value, IBufferWriter<byte> destination)
        {
            var writer = _writer ?? new Utf8JsonWriter(destination);
            _writer = null;
            writer.Reset(destination);
            JsonSerializer.Serialize(writer, value, metadata);
            writer.Flush();
            writer.Reset(Stream.Null);
            _writer = writer;
        }

        public T Deserialize(ReadOnlySpan<byte> source) => JsonSerializer.Deserialize(source, metadata)!;
    }
}
