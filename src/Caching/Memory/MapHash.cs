using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Fettle.Caching.Memory;

/// <summary>
/// The hash by which the map finds a key: sixteen bytes a step, each step one 128-bit product folded to 64 bits (the step of wyhash, Wang Yi).
/// The constants are drawn anew in every process, so that nobody can choose keys that fall together.
/// </summary>
internal static class MapHash
{
    static readonly ulong First = Secret();
    static readonly ulong Second = Secret();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of(string key)
    {
        ref var at = ref Unsafe.As<char, byte>(ref MemoryMarshal.GetReference(key.AsSpan()));
        var left = key.Length * sizeof(char);
        var hash = Second ^ (uint)left;
        ulong a;
        ulong b;
        if (left >= 16)
        {
            // The last sixteen bytes are read from the end, so they may overlap what was read before.
            for (; left > 16; left -= 16)
            {
                hash = Fold(Unsafe.ReadUnaligned<ulong>(ref at) ^ First, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, 8)) ^ hash);
                at = ref Unsafe.Add(ref at, 16);
            }

            a = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, left - 16));
            b = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, left - 8));
        }
        else if (left >= 8)
        {
            a = Unsafe.ReadUnaligned<ulong>(ref at);
            b = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, left - 8));
        }
        else if (left >= 4)
        {
            a = Unsafe.ReadUnaligned<uint>(ref at);
            b = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref at, left - 4));
        }
        else
        {
            a = left > 0 ? Unsafe.ReadUnaligned<ushort>(ref at) : 0u;
            b = 0;
        }

        return (uint)(Fold(a ^ First, b ^ hash) >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Fold(ulong a, ulong b) => Math.BigMul(a, b, out var low) ^ low;

    /// <summary>Odd, so that it is not zero, and half of the bits or so are set.</summary>
    static ulong Secret() => MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(8)) | 1;
}
