using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Indicators.Lanes;

/// <summary>Eight stocks in a 512-bit register; without AVX-512 the runtime emulates it, with the same bits.</summary>
/// <remarks>Fields are set by initializers rather than by a constructor: a call less for the inliner, whose budget large kernels reach.</remarks>
internal struct Lane8 : ILanes<Lane8>
{
    public Vector512<double> Value;

    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 Create(double value) => new() { Value = Vector512.Create(value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 operator +(Lane8 a, Lane8 b) => new() { Value = a.Value + b.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 operator -(Lane8 a, Lane8 b) => new() { Value = a.Value - b.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 operator *(Lane8 a, Lane8 b) => new() { Value = a.Value * b.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 operator /(Lane8 a, Lane8 b) => new() { Value = a.Value / b.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 Fma(Lane8 a, Lane8 b, Lane8 c) => new() { Value = Vector512.FusedMultiplyAdd(a.Value, b.Value, c.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 Sqrt(Lane8 a) => new() { Value = Vector512.Sqrt(a.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 Abs(Lane8 a) => new() { Value = Vector512.Abs(a.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 Min(Lane8 a, Lane8 b) => new() { Value = Min(a.Value, b.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 Max(Lane8 a, Lane8 b) => new() { Value = Max(a.Value, b.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 IfLess(Lane8 a, Lane8 b, Lane8 yes, Lane8 no) => new() { Value = Vector512.ConditionalSelect(Vector512.LessThan(a.Value, b.Value), yes.Value, no.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane8 IfEqual(Lane8 a, Lane8 b, Lane8 yes, Lane8 no) => new() { Value = Vector512.ConditionalSelect(Vector512.Equals(a.Value, b.Value), yes.Value, no.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> Min(Vector512<double> a, Vector512<double> b) =>
        Avx512F.IsSupported ? Avx512F.Min(a, b) : Vector512.ConditionalSelect(Vector512.LessThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<double> Max(Vector512<double> a, Vector512<double> b) =>
        Avx512F.IsSupported ? Avx512F.Max(a, b) : Vector512.ConditionalSelect(Vector512.GreaterThan(a, b), a, b);
}
