using System.Runtime.Intrinsics;
using Fettle.Indicators;

namespace Fettle.Bench.Micro;

/// <summary>What reading and writing columns takes when nothing is computed.</summary>
internal static unsafe class MemoryFloor
{
    public static void Read(SeriesMatrix[] inputs)
    {
        Vector256<double> a = default, b = default, c = default, d = default;
        foreach (var input in inputs)
        {
            for (var row = 0; row < input.Rows; row++)
            {
                fixed (double* source = input[row])
                {
                    for (var i = 0; i + 16 <= input.Stride; i += 16)
                    {
                        a += Vector256.LoadAligned(source + i);
                        b += Vector256.LoadAligned(source + i + 4);
                        c += Vector256.LoadAligned(source + i + 8);
                        d += Vector256.LoadAligned(source + i + 12);
                    }
                }
            }
        }

        GC.KeepAlive((a + b + (c + d)).ToString());
    }

    /// <summary>Past the cache, as a batch writes.</summary>
    public static void Write(SeriesMatrix[] outputs, int threads) =>
        Parallel.For(0, outputs.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, k => Write(outputs[k]));

    static void Write(SeriesMatrix output)
    {
        for (var row = 0; row < output.Rows; row++)
        {
            fixed (double* target = output[row])
            {
                for (var i = 0; i < output.Stride; i += 4)
                {
                    Vector256.StoreAlignedNonTemporal(Vector256<double>.Zero, target + i);
                }
            }
        }
    }
}
