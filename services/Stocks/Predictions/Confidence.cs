namespace Fettle.Services.Stocks.Predictions;

/// <summary>How far a probability is from a coin toss.</summary>
internal static class Confidence
{
    public static string Of(double probability) => probability switch
    {
        >= 0.7 or <= 0.3 => "HIGH",
        >= 0.45 and <= 0.55 => "LOW",
        _ => "MEDIUM",
    };
}
