using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Indicators.Lanes;

/// <summary>One stock: the layout of a plain double, so that a span of doubles is a span of lanes.</summary>
internal struct Lane1 : ILanes<Lane1>
{
    public double Value;

    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 Create(double value) => new() { Value = value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 operator +(Lane1 a, Lane1 b) => new() { Value = a.Value + b.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 operator -(Lane1 a, Lane1 b) => new() { Value = a.Value - b.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 operator *(Lane1 a, Lane1 b) => new() { Value = a.Value * b.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 operator /(Lane1 a, Lane1 b) => new() { Value = a.Value / b.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 Fma(Lane1 a, Lane1 b, Lane1 c) => new() { Value = Math.FusedMultiplyAdd(a.Value, b.Value, c.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 Sqrt(Lane1 a) => new() { Value = Math.Sqrt(a.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 Abs(Lane1 a) => new() { Value = Math.Abs(a.Value) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 Min(Lane1 a, Lane1 b) => new()
    {
        // minsd is this very comparison, without a branch that prices mispredict half the time.
        Value = Sse2.IsSupported ? Sse2.MinScalar(Wide(a), Wide(b)).ToScalar() : a.Value < b.Value ? a.Value : b.Value,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 Max(Lane1 a, Lane1 b) => new()
    {
        Value = Sse2.IsSupported ? Sse2.MaxScalar(Wide(a), Wide(b)).ToScalar() : a.Value > b.Value ? a.Value : b.Value,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 IfLess(Lane1 a, Lane1 b, Lane1 yes, Lane1 no) => new() { Value = a.Value < b.Value ? yes.Value : no.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane1 IfEqual(Lane1 a, Lane1 b, Lane1 yes, Lane1 no) => new() { Value = a.Value == b.Value ? yes.Value : no.Value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<double> Wide(Lane1 a) => Vector128.CreateScalarUnsafe(a.Value);
}
