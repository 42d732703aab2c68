using System.Buffers;

namespace Fettle.Caching;

/// <summary>Turns values into bytes and back for the second tier. Never write type names: a reader decides the type, not the bytes.</summary>
/// <typeparam name="T">The category's value type.</typeparam>
public interface ICacheSerializer<T>
{
    /// <summary>Writes the value.</summary>
    void Serialize(T value, IBufferWriter<byte> destination);

    /// <summary>Reads what <see cref="Serialize"/> wrote; throws on anything else, which the cache counts as a miss.</summary>
    T Deserialize(ReadOnlySpan<byte> source);
}
