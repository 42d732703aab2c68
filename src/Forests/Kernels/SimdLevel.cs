using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Forests.Kernels;

/// <summary>Instruction sets the kernels are written for, weakest first.</summary>
internal enum SimdLevel
{
    Scalar,
    Avx2,
    Avx512,
}

/// <summary>Which level runs: the best of the processor, or what the environment variable <c>FETTLE_SIMD</c> says.</summary>
internal static class Simd
{
    public const string Variable = "FETTLE_SIMD";

    /// <summary>The 512-bit kernels want byte permutes over a whole register (VBMI).</summary>
    public static SimdLevel Best { get; } = Vector512.IsHardwareAccelerated && Avx512Vbmi.IsSupported ? SimdLevel.Avx512
        : Avx2.IsSupported ? SimdLevel.Avx2
        : SimdLevel.Scalar;

    public static SimdLevel Level { get; } = Choose(Environment.GetEnvironmentVariable(Variable));

    /// <exception cref="PlatformNotSupportedException">The processor does not have the level that is asked for.</exception>
    internal static SimdLevel Choose(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Best;
        }

        if (!Enum.TryParse<SimdLevel>(text, ignoreCase: true, out var level) || !Enum.IsDefined(level) || char.IsAsciiDigit(text[0]))
        {
            throw new ArgumentException($"{Variable} is '{text}'; allowed: scalar, avx2, avx512");
        }

        return level <= Best ? level : throw new PlatformNotSupportedException($"{Variable} is {text}, but this processor offers {Best.ToString().ToLowerInvariant()} at most");
    }
}
