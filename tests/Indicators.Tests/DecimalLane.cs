using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Tests;

/// <summary>
/// One stock in decimal arithmetic of 28 digits: every kernel of the library runs over it unchanged. What double loses, whether in one bar or
/// little by little over a million, is the difference to this lane.
/// </summary>
internal readonly struct DecimalLane : ILanes<DecimalLane>
{
    readonly decimal _value;
    readonly bool _isNaN;

    DecimalLane(decimal value, bool isNaN = false) => (_value, _isNaN) = (value, isNaN);

    static DecimalLane NaN => new(0, true);

    public static int Count => 1;

    public double ToDouble() => _isNaN ? double.NaN : (double)_value;

    /// <summary>All digits: the conversion of the runtime keeps fifteen.</summary>
    public static DecimalLane Create(double value)
    {
        if (!double.IsFinite(value))
        {
            return NaN;
        }

        var whole = Math.Truncate(value);
        const long Scale = 1L << 60;
        return new((decimal)(long)whole + (decimal)(long)((value - whole) * Scale) / Scale);
    }

    public static DecimalLane operator +(DecimalLane a, DecimalLane b) => a._isNaN || b._isNaN ? NaN : new(a._value + b._value);

    public static DecimalLane operator -(DecimalLane a, DecimalLane b) => a._isNaN || b._isNaN ? NaN : new(a._value - b._value);

    public static DecimalLane operator *(DecimalLane a, DecimalLane b) => a._isNaN || b._isNaN ? NaN : new(a._value * b._value);

    public static DecimalLane operator /(DecimalLane a, DecimalLane b) => a._isNaN || b._isNaN || b._value == 0 ? NaN : new(a._value / b._value);

    public static DecimalLane Fma(DecimalLane a, DecimalLane b, DecimalLane c) => a * b + c;

    public static DecimalLane Sqrt(DecimalLane a)
    {
        if (a._isNaN || a._value < 0)
        {
            return NaN;
        }

        var root = (decimal)Math.Sqrt((double)a._value);
        return new(root == 0 ? 0 : (root + a._value / root) / 2);
    }

    public static DecimalLane Abs(DecimalLane a) => new(Math.Abs(a._value), a._isNaN);

    public static DecimalLane Min(DecimalLane a, DecimalLane b) => Less(a, b) ? a : b;

    public static DecimalLane Max(DecimalLane a, DecimalLane b) => Less(b, a) ? a : b;

    public static DecimalLane IfLess(DecimalLane a, DecimalLane b, DecimalLane yes, DecimalLane no) => Less(a, b) ? yes : no;

    public static DecimalLane IfEqual(DecimalLane a, DecimalLane b, DecimalLane yes, DecimalLane no) =>
        !a._isNaN && !b._isNaN && a._value == b._value ? yes : no;

    static bool Less(DecimalLane a, DecimalLane b) => !a._isNaN && !b._isNaN && a._value < b._value;
}
