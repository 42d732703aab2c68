using System.Globalization;

namespace Fettle.Tuning.Reports;

/// <summary>Figures as a person reads them; always the invariant culture.</summary>
internal static class Cells
{
    /// <summary>Nothing smaller shows in a figure.</summary>
    const double Smallest = 0.00005;

    /// <summary>Three significant digits without exponents: 0.123, 4.56, 78.9, 1,234.</summary>
    public static string Figure(double? value)
    {
        if (value is not { } v || !double.IsFinite(v))
        {
            return "–";
        }

        return Math.Abs(v) switch
        {
            0 => "0",
            < Smallest => v < 0 ? ">-0.0001" : "<0.0001",
            < 0.1 => v.ToString("0.0000", CultureInfo.InvariantCulture),
            < 1 => v.ToString("0.000", CultureInfo.InvariantCulture),
            < 10 => v.ToString("0.00", CultureInfo.InvariantCulture),
            < 100 => v.ToString("0.0", CultureInfo.InvariantCulture),
            _ => v.ToString("#,0", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>How many times better, for instance <c>12×</c>; a loss reads <c>0.80×</c>.</summary>
    public static string Factor(double factor) => factor switch
    {
        >= 100 => factor.ToString("#,0", CultureInfo.InvariantCulture) + "×",
        >= 10 => factor.ToString("0.0", CultureInfo.InvariantCulture) + "×",
        _ => factor.ToString("0.00", CultureInfo.InvariantCulture) + "×",
    };

    /// <summary>How many times less: <c>to 0</c> where nothing that shows is left, <c>–</c> where nothing that shows was there or a side does not say.</summary>
    public static string Less(double? before, double? after) => (before, after) switch
    {
        (not >= Smallest, _) or (_, not >= 0) => "–",
        (_, < Smallest) => "to 0",
        _ => Factor(before!.Value / after!.Value),
    };

    public static string Change(double? before, double? after) =>
        before is null && after is null ? "–" : $"{Figure(before)} → {Figure(after)}";
}
