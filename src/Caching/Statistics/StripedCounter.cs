using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fettle.Caching.Statistics;

/// <summary>A counter that many threads raise without sharing a cache line, most of the time; the sum is exact.</summary>
internal sealed class StripedCounter
{
    readonly Stripe[] _stripes = new Stripe[BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, Environment.ProcessorCount * 4))];

    /// <summary>Raises the counter and returns the new value of the thread's stripe.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Increment()
    {
        var stripes = _stripes;
        return Interlocked.Increment(ref stripes[Environment.CurrentManagedThreadId & (stripes.Length - 1)].Value);
    }

    public long Sum()
    {
        long sum = 0;
        foreach (ref var stripe in _stripes.AsSpan())
        {
            sum += Volatile.Read(ref stripe.Value);
        }

        return sum;
    }

    [StructLayout(LayoutKind.Explicit, Size = 128)]
    struct Stripe
    {
        [FieldOffset(64)]
        public long Value;
    }
}
