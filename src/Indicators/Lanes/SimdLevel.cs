using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Indicators;

/// <summary>How many stocks a batch computes at once.</summary>
public enum SimdLevel
{
    /// <summary>One: the oracle, and the choice without AVX2.</summary>
    Scalar,

    /// <summary>256-bit registers of four stocks (AVX2 and FMA).</summary>
    Avx2,

    /// <summary>512-bit registers of eight stocks.</summary>
    Avx512,
}

/// <summary>Chooses the instruction set of batches; results are the same on every one.</summary>
public static class Simd
{
    /// <summary>The environment variable that overrides the choice: <c>scalar</c>, <c>avx2</c> or <c>avx512</c>.</summary>
    public const string Variable = "FETTLE_SIMD";

    /// <summary>The level in use: the widest that the processor has, unless <see cref="Variable"/> names one.</summary>
    /// <remarks>A level that the processor lacks still works: the runtime emulates its registers with narrower ones, with the same results.</remarks>
    /// <exception cref="TypeInitializationException">The variable has another value.</exception>
    public static SimdLevel Level { get; } = Choose(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Whether the processor runs the level in its own registers.</summary>
    public static bool IsNative(SimdLevel level) => level switch
    {
        SimdLevel.Avx512 => Avx512F.IsSupported && Vector512.IsHardwareAccelerated,
        SimdLevel.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };

    internal static SimdLevel Choose(string? name) => name?.Trim().ToLowerInvariant() switch
    {
        null or "" or "auto" => IsNative(SimdLevel.Avx512) ? SimdLevel.Avx512 : IsNative(SimdLevel.Avx2) ? SimdLevel.Avx2 : SimdLevel.Scalar,
        "scalar" => SimdLevel.Scalar,
        "avx2" => SimdLevel.Avx2,
        "avx512" => SimdLevel.Avx512,
        _ => throw new ArgumentException($"{Variable} is '{name}'; allowed are scalar, avx2, avx512 and auto"),
    };
}
