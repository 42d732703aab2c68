using System.Buffers;

namespace Fettle.Redis;

/// <summary>A value in a rented array: valid until it is disposed, which gives the array back.</summary>
public sealed class RedisLease : IMemoryOwner<byte>
{
    readonly int _length;
    readonly bool _isRented;
    byte[]? _array;

    internal RedisLease(byte[] array, int length, bool isRented)
    {
        _array = array;
        _length = length;
        _isRented = isRented;
    }

    /// <summary>The value's bytes.</summary>
    /// <exception cref="ObjectDisposedException">The array has been given back.</exception>
    public Memory<byte> Memory => (_array ?? throw new ObjectDisposedException(nameof(RedisLease))).AsMemory(0, _length);

    /// <summary>Gives the array back, once.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array && _isRented)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
