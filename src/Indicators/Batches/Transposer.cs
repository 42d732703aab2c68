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
    /// row with a value that is not finite: x - x is 0 for finite x and NaN otherwise, and sums of zeros stay zero.
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
        for (var group = 0; group < lanes; group += 4)
        {
            var sums0 = Vector256<double>.Zero;
            var sums1 = sums0;
            var sums2 = sums0;
            var sums3 = sums0;
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

                var v0 = Vector256.Load(r0 + i);
                var v1 = Vector256.Load(r1 + i);
                var v2 = Vector256.Load(r2 + i);
                var v3 = Vector256.Load(r3 + i);
                sums0 += v0 - v0;
                sums1 += v1 - v1;
                sums2 += v2 - v2;
                sums3 += v3 - v3;
                var (a, b, c, d) = Turn(v0, v1, v2, v3);
                a.Store(target);
                b.Store(target + lanes);
                c.Store(target + 2 * lanes);
                d.Store(target + 3 * lanes);
                target += 4 * lanes;
            }

            gaps |= (Bit(sums0) | Bit(sums1) << 1 | Bit(sums2) << 2 | Bit(sums3) << 3) << group;
        }

        return gaps;
    }

    static int Bit(Vector256<double> sums) => Vector256.EqualsAll(sums, Vector256<double>.Zero) ? 0 : 1;

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
                var (a0, a1, a2, a3) = Turn(
                    Vector256.Load(source), Vector256.Load(source + lanes), Vector256.Load(source + 2 * lanes), Vector256.Load(source + 3 * lanes));
                source += 4 * lanes;
                var (b0, b1, b2, b3) = Turn(
                    Vector256.Load(source), Vector256.Load(source + lanes), Vector256.Load(source + 2 * lanes), Vector256.Load(source + 3 * lanes));
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (Vector256<double> A, Vector256<double> B, Vector256<double> C, Vector256<double> D) Turn(
        Vector256<double> a, Vector256<double> b, Vector256<double> c, Vector256<double> d)
    {
        if (!Avx.IsSupported)
        {
            return (
                Vector256.Create(a[0], b[0], c[0], d[0]),
                Vector256.Create(a[1], b[1], c[1], d[1]),
                Vector256.Create(a[2], b[2], c[2], d[2]),
                Vector256.Create(a[3], b[3], c[3], d[3]));
        }

        var ab0 = Avx.UnpackLow(a, b);
        var ab1 = Avx.UnpackHigh(a, b);
        var cd0 = Avx.UnpackLow(c, d);
        var cd1 = Avx.UnpackHigh(c, d);
        return (
            Avx.Permute2x128(ab0, cd0, 0x20),
            Avx.Permute2x128(ab1, cd1, 0x20),
            Avx.Permute2x128(ab0, cd0, 0x31),
            Avx.Permute2x128(ab1, cd1, 0x31));
    }
}
