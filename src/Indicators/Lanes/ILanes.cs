namespace Fettle.Indicators.Lanes;

/// <summary>
/// A register of stocks: lane k holds the value of stock k at one bar. Every kernel is written once over this interface and
/// instantiated for one lane (the oracle and the series path), four (AVX2) and eight (AVX-512).
/// </summary>
/// <remarks>
/// Bit equality between the instantiations rests on three rules: each operation is a single correctly rounded IEEE operation,
/// fused multiply-add is always explicit, and minimum, maximum and selection are defined by one comparison (<c>a &lt; b ? a : b</c>)
/// rather than by what an instruction set does with signed zeros.
/// </remarks>
internal interface ILanes<TSelf>
    where TSelf : unmanaged, ILanes<TSelf>
{
    static abstract int Count { get; }

    static abstract TSelf Create(double value);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary><c>a * b + c</c> with one rounding.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, TSelf c);

    static abstract TSelf Sqrt(TSelf a);

    static abstract TSelf Abs(TSelf a);

    /// <summary><c>a &lt; b ? a : b</c>.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary><c>a &gt; b ? a : b</c>.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary><c>a &lt; b ? yes : no</c> lane by lane.</summary>
    static abstract TSelf IfLess(TSelf a, TSelf b, TSelf yes, TSelf no);

    /// <summary><c>a == b ? yes : no</c> lane by lane.</summary>
    static abstract TSelf IfEqual(TSelf a, TSelf b, TSelf yes, TSelf no);
}
