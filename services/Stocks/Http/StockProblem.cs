using Fettle.AspNetCore;
using Microsoft.AspNetCore.Http;

namespace Fettle.Services.Stocks.Http;

/// <summary>A refusal: one problem document of its own, or one item of a batch. The name is stable, the detail says what to do.</summary>
internal sealed record StockProblem(int Status, string Name, string Title, string Detail, IReadOnlyDictionary<string, object?>? Facts = null)
{
    const string Malformed = "The request is malformed";

    public string Type => FettleProblems.TypePrefix + Name;

    public IResult ToResult() => FettleProblems.Create(Status, Name, Title, Detail, Facts?.ToDictionary(f => f.Key, f => f.Value));

    public static StockProblem InvalidBody(string detail) => new(StatusCodes.Status400BadRequest, "invalid-body", Malformed, detail);

    public static StockProblem UnsupportedMediaType(string? given) => new(
        StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", "The content type is not supported",
        $"the content type is '{given}'; send application/json");

    public static StockProblem InvalidCode(string? given) => new(
        StatusCodes.Status400BadRequest, "invalid-bse-code", Malformed, $"bse_code is '{given}'; it must be six digits, such as 500325");

    public static StockProblem MissingStock() => new(
        StatusCodes.Status400BadRequest, "missing-stock", Malformed, "neither bse_code nor nse_symbol is given; send one of them");

    public static StockProblem InvalidSymbol(string given) => new(
        StatusCodes.Status400BadRequest, "invalid-nse-symbol", Malformed, $"nse_symbol is '{given}'; it must be 1–20 of A–Z, 0–9, '-', '&' and '_'");

    public static StockProblem InvalidDate(string field, string? given) => new(
        StatusCodes.Status400BadRequest, "invalid-date", Malformed, $"{field} is '{given}'; it must be a date written as yyyy-MM-dd");

    public static StockProblem InvalidQuery(string name, string given, string allowed) => new(
        StatusCodes.Status400BadRequest, "invalid-query", Malformed, $"{name} is '{given}'; it must be {allowed}");

    public static StockProblem StockMismatch(string code, string symbol, string? actual) => new(
        StatusCodes.Status400BadRequest, "stock-mismatch", Malformed,
        $"nse_symbol is '{symbol}' but stock {code} has {(actual is null ? "no symbol" : $"'{actual}'")}; send one of the two");

    public static StockProblem BatchSize(int given) => new(
        StatusCodes.Status400BadRequest, "batch-size", Malformed, $"predictions has {given} items; 1–{BatchPredictRequest.MostItems} are allowed; split the batch");

    public static StockProblem UnknownStock(string name) => new(
        StatusCodes.Status404NotFound, "unknown-stock", "Unknown stock", $"no stock '{name}' is known; import it or check the code");

    public static StockProblem NotEnoughHistory(string code, string date, int bars, int needed) => new(
        StatusCodes.Status422UnprocessableEntity, "not-enough-history", "Not enough history",
        $"stock {code} has {bars} daily bars up to {date}; {needed} are needed, {needed - bars} are missing",
        new Dictionary<string, object?> { ["bars"] = bars, ["bars_needed"] = needed });

    public static StockProblem NoModel(string reason) => new(
        StatusCodes.Status503ServiceUnavailable, "no-model", "No model is loaded", $"{reason}; add a version and POST /api/v1/models/reload");

    public static StockProblem UnknownVersion(string detail) => new(StatusCodes.Status404NotFound, "unknown-model-version", "Unknown model version", detail);

    public static StockProblem UnusableModel(string detail) => new(StatusCodes.Status409Conflict, "unusable-model", "The model version cannot serve", detail);

    public static StockProblem UnknownRun(string id) => new(StatusCodes.Status404NotFound, "unknown-batch-run", "Unknown batch run", $"no batch run '{id}' is known");

    public static StockProblem UnknownCacheType(string? given) => new(
        StatusCodes.Status400BadRequest, "invalid-cache-type", Malformed, $"type is '{given}'; it must be features, predictions, queries or all");

    public static StockProblem RunAlreadyActive(string id) => new(
        StatusCodes.Status409Conflict, "batch-run-active", "A batch run is active", $"batch run {id} is still running; wait for it");
}
