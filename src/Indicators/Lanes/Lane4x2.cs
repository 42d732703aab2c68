using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Indicators.Lanes;

/// <summary>Eight stocks in two 256-bit registers (AVX2 and FMA). Recurrences are chains of dependent operations: the second register fills the time in which the first waits.</summary>
/// <remarks>Fields are set by initializers rather than by a constructor: a call less for the inliner, whose budget large kernels reach.</remarks>
internal struct Lane4x2 : ILanes<Lane4x2>
{
    public Vector256<double> Low;
    public Vector256<double> High;

    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 Create(double value) => new() { Low = Vector256.Create(value), High = Vector256.Create(value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 operator +(Lane4x2 a, Lane4x2 b) => new() { Low = a.Low + b.Low, High = a.High + b.High };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 operator -(Lane4x2 a, Lane4x2 b) => new() { Low = a.Low - b.Low, High = a.High - b.High };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 operator *(Lane4x2 a, Lane4x2 b) => new() { Low = a.Low * b.Low, High = a.High * b.High };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 operator /(Lane4x2 a, Lane4x2 b) => new() { Low = a.Low / b.Low, High = a.High / b.High };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 Fma(Lane4x2 a, Lane4x2 b, Lane4x2 c) => new() { Low = Vector256.FusedMultiplyAdd(a.Low, b.Low, c.Low), High = Vector256.FusedMultiplyAdd(a.High, b.High, c.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 Sqrt(Lane4x2 a) => new() { Low = Vector256.Sqrt(a.Low), High = Vector256.Sqrt(a.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 Abs(Lane4x2 a) => new() { Low = Vector256.Abs(a.Low), High = Vector256.Abs(a.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 Min(Lane4x2 a, Lane4x2 b) => new() { Low = Min(a.Low, b.Low), High = Min(a.High, b.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 Max(Lane4x2 a, Lane4x2 b) => new() { Low = Max(a.Low, b.Low), High = Max(a.High, b.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 IfLess(Lane4x2 a, Lane4x2 b, Lane4x2 yes, Lane4x2 no) => new() { Low = Vector256.ConditionalSelect(Vector256.LessThan(a.Low, b.Low), yes.Low, no.Low), High = Vector256.ConditionalSelect(Vector256.LessThan(a.High, b.High), yes.High, no.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane4x2 IfEqual(Lane4x2 a, Lane4x2 b, Lane4x2 yes, Lane4x2 no) => new() { Low = Vector256.ConditionalSelect(Vector256.Equals(a.Low, b.Low), yes.Low, no.Low), High = Vector256.ConditionalSelect(Vector256.Equals(a.High, b.High), yes.High, no.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Min(Vector256<double> a, Vector256<double> b) =>
        Avx.IsSupported ? Avx.Min(a, b) : Vector256.ConditionalSelect(Vector256.LessThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Max(Vector256<double> a, Vector256<double> b) =>
        Avx.IsSupported ? Avx.Max(a, b) : Vector256.ConditionalSelect(Vector256.GreaterThan(a, b), a, b);
}
