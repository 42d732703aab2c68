using System.Numerics;

namespace Fettle.Services.Stocks.Sampling;

/// <summary>
/// xoshiro256** (Blackman and Vigna, 2018) seeded by SplitMix64 from a seed and a stream number, so that every stock has a
/// stream of its own and a universe does not depend on the order in which stocks are made.
/// </summary>
internal sealed class SampleRandom
{
    ulong _a;
    ulong _b;
    ulong _c;
    ulong _d;
    double _spare = double.NaN;

    public SampleRandom(long seed, long stream)
    {
        var state = (ulong)seed * 0x9E3779B97F4A7C15UL + (ulong)stream * 0xD1B54A32D192ED03UL + 0x2545F4914F6CDD1DUL;
        _a = SplitMix(ref state);
        _b = SplitMix(ref state);
        _c = SplitMix(ref state);
        _d = SplitMix(ref state);
    }

    /// <summary>Uniform on [0, 1) with 53 bits.</summary>
    public double Uniform() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    public double Between(double least, double most) => least + (most - least) * Uniform();

    /// <summary>Uniform on 0 … <paramref name="count"/> − 1.</summary>
    public int Below(int count) => (int)(Uniform() * count);

    public bool Chance(double probability) => Uniform() < probability;

    /// <summary>Standard normal by Marsaglia's polar method.</summary>
    public double Normal()
    {
        if (!double.IsNaN(_spare))
        {
            var spare = _spare;
            _spare = double.NaN;
            return spare;
        }

        double u, v, square;
        do
        {
            u = 2 * Uniform() - 1;
            v = 2 * Uniform() - 1;
            square = u * u + v * v;
        }
        while (square is >= 1 or 0);

        var scale = Math.Sqrt(-2 * Math.Log(square) / square);
        _spare = v * scale;
        return u * scale;
    }

    /// <summary>Student's t with 4 degrees of freedom, scaled to unit variance: the fat tails of daily returns.</summary>
    public double FatTailed()
    {
        var chi = -2 * Math.Log((1 - Uniform()) * (1 - Uniform()));
        return Normal() / Math.Sqrt(chi / 4) * 0.70710678118654752;
    }

    ulong NextBits()
    {
        var result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    static ulong SplitMix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
