using System.Buffers;
using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Fettle.Services.Stocks.Http;

/// <summary>The body of <c>POST /api/v1/predict</c>. At least one of code and symbol names the stock.</summary>
internal sealed record PredictRequest
{
    static readonly SearchValues<char> SymbolCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-&_");

    [Description("Six digits.")]
    public string? BseCode { get; init; }

    public string? NseSymbol { get; init; }

    [Description("yyyy-MM-dd; only what was known at the end of this day is used.")]
    public string? PredictionDate { get; init; }

    public bool IncludeFeatures { get; init; }

    public bool IncludeContributions { get; init; }

    /// <summary>The checked request, or what is wrong with it.</summary>
    public (PredictQuery? Query, StockProblem? Problem) Check()
    {
        if (BseCode is null && NseSymbol is null)
        {
            return (null, StockProblem.MissingStock());
        }

        if (BseCode is not null && !IsCode(BseCode))
        {
            return (null, StockProblem.InvalidCode(BseCode));
        }

        if (NseSymbol is not null && !IsSymbol(NseSymbol))
        {
            return (null, StockProblem.InvalidSymbol(NseSymbol));
        }

        return TryDate(PredictionDate, out var date)
            ? (new PredictQuery(BseCode, NseSymbol, date, IncludeFeatures, IncludeContributions), null)
            : (null, StockProblem.InvalidDate("prediction_date", PredictionDate));
    }

    internal static bool IsCode(string text) => text.Length == 6 && !text.AsSpan().ContainsAnyExceptInRange('0', '9');

    internal static bool TryDate(string? text, out DateOnly date) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out date) && date.Year is >= 1900 and <= 2200;

    static bool IsSymbol(string text) => text.Length is >= 1 and <= 20 && !text.AsSpan().ContainsAnyExcept(SymbolCharacters);
}

/// <summary>The body of <c>POST /api/v1/batch_predict</c>.</summary>
internal sealed record BatchPredictRequest
{
    public const int MostItems = 100;

    [JsonRequired]
    public IReadOnlyList<PredictRequest?>? Predictions { get; init; }
}

/// <summary>The body of <c>POST /api/v1/batch_runs</c>.</summary>
internal sealed record BatchRunRequest
{
    public string? Date { get; init; }

    [Description("Six-digit codes; without them every active stock is scored.")]
    public IReadOnlyList<string>? Codes { get; init; }
}

/// <summary>A checked request.</summary>
internal sealed record PredictQuery(string? BseCode, string? NseSymbol, DateOnly Date, bool IncludeFeatures, bool IncludeContributions)
{
    public string StockName => BseCode ?? NseSymbol!;
}
