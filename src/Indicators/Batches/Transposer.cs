using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Indicators.Batches;

/// <summary>Turns rows of stocks into bars of lanes and back, in blocks of 4 × 4.</summary>
internal static unsafe class Transposer
{
    const int LineDoubles = 8;

    /// <summary>
    /// Reads <paramref name="bars"/> values (rounded up to 4, within the padding of a row) of each of <paramref name="lanes"/> rows. Returns a bit for each
    /// row with a value that is not finite.
    /// </summary>
    /// <param name="rows">Where each lane's row begins.</param>
    /// <param name="from">First bar.</param>
    /// <param name="bars">Bars to read.</param>
    /// <param name="lanes">Lanes of the tile.</param>
    /// <param name="tile">Receives the bars of lanes.</param>
    /// <param name="ahead">Distance in values to what will be read next: asked for now, it has come when the kernels are done with this chunk.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static int Load(double** rows, int from, int bars, int lanes, double* tile, nint ahead)
    {
        var gaps = 0;
        var zero = Vector256<double>.Zero;
        for (var group = 0; group < lanes; group += 4)
        {
            // x · 0 is 0 for finite x and NaN otherwise; sums of zeros stay zero.
            Vector256<double> even = zero, odd = zero;
            double* r0 = rows[group] + from, r1 = rows[group + 1] + from, r2 = rows[group + 2] + from, r3 = rows[group + 3] + from;
            var target = tile + group;
            for (var i = 0; i < bars; i += 4)
            {
                if (Sse.IsSupported && i % LineDoubles == 0)
                {
                    Sse.Prefetch1(r0 + i + ahead);
                    Sse.Prefetch1(r1 + i + ahead);
                    Sse.Prefetch1(r2 + i + ahead);
                    Sse.Prefetch1(r3 + i + ahead);
                }

                var (a, b, c, d) = Turn(r0 + i, r1 + i, r2 + i, r3 + i);
                even = Vector256.FusedMultiplyAdd(a, zero, Vector256.FusedMultiplyAdd(c, zero, even));
                odd = Vector256.FusedMultiplyAdd(b, zero, Vector256.FusedMultiplyAdd(d, zero, odd));
                a.Store(target);
                b.Store(target + lanes);
                c.Store(target + 2 * lanes);
                d.Store(target + 3 * lanes);
                target += 4 * lanes;
            }

            gaps |= (int)(~Vector256.Equals(even + odd, zero).ExtractMostSignificantBits() & 0b1111) << group;
        }

        return gaps;
    }

    /// <summary>Writes whole cache lines, past the cache when <paramref name="streaming"/>: a result larger than the cache is not read back at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Store(double* tile, int bars, int lanes, double* row, nint stride, int validLanes, bool streaming)
    {
        for (var group = 0; group < lanes && group < validLanes; group += 4)
        {
            var line = row + group * stride;
            var valid = Math.Min(4, validLanes - group);
            var source = tile + group;
            for (var i = 0; i < bars; i += 8)
            {
                var (a0, a1, a2, a3) = Turn(source, source + lanes, source + 2 * lanes, source + 3 * lanes);
                source += 4 * lanes;
                var (b0, b1, b2, b3) = Turn(source, source + lanes, source + 2 * lanes, source + 3 * lanes);
                source += 4 * lanes;
                StoreLine(line + i, a0, b0, streaming);
                if (valid > 1)
                {
                    StoreLine(line + stride + i, a1, b1, streaming);
                }

                if (valid > 2)
                {
                    StoreLine(line + 2 * stride + i, a2, b2, streaming);
                }

                if (valid > 3)
                {
                    StoreLine(line + 3 * stride + i, a3, b3, streaming);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreLine(double* line, Vector256<double> first, Vector256<double> second, bool streaming)
    {
        if (streaming)
        {
            first.StoreAlignedNonTemporal(line);
            second.StoreAlignedNonTemporal(line + 4);
        }
        else
        {
            first.StoreAligned(line);
            second.StoreAligned(line + 4);
        }
    }

    /// <summary>Four rows of four values, turned. Two rows meet in each register as it is loaded, so that one step of shuffling is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (Vector256<double> A, Vector256<double> B, Vector256<double> C, Vector256<double> D) Turn(double* a, double* b, double* c, double* d)
    {
        if (!Avx.IsSupported)
        {
            return (
                Vector256.Create(a[0], b[0], c[0], d[0]),
                Vector256.Create(a[1], b[1], c[1], d[1]),
                Vector256.Create(a[2], b[2], c[2], d[2]),
                Vector256.Create(a[3], b[3], c[3], d[3]));
        }

        var ac = Pair(a, c);
        var bd = Pair(b, d);
        var acNext = Pair(a + 2, c + 2);
        var bdNext = Pair(b + 2, d + 2);
        return (Avx.UnpackLow(ac, bd), Avx.UnpackHigh(ac, bd), Avx.UnpackLow(acNext, bdNext), Avx.UnpackHigh(acNext, bdNext));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Pair(double* low, double* high) => Avx.InsertVector128(Vector128.Load(low).ToVector256Unsafe(), Vector128.Load(high), 1);
}
