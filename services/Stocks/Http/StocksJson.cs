using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Fettle.Services.Stocks.Http;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(PredictRequest))]
[JsonSerializable(typeof(BatchPredictRequest))]
[JsonSerializable(typeof(BatchRunRequest))]
[JsonSerializable(typeof(PredictionAnswer))]
[JsonSerializable(typeof(BatchItemError))]
[JsonSerializable(typeof(List<object>))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(ModelsAnswer))]
[JsonSerializable(typeof(ModelChangeAnswer))]
[JsonSerializable(typeof(Models.ModelMeasured))]
[JsonSerializable(typeof(CacheClearAnswer))]
[JsonSerializable(typeof(BatchRunAnswer))]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(Browsing.StockList))]
[JsonSerializable(typeof(Browsing.PriceSeries))]
internal sealed partial class StocksJson : JsonSerializerContext;

/// <summary>Reads a JSON body; every way of failing becomes one problem.</summary>
internal static class JsonBody
{
    public static async Task<(T? Value, StockProblem? Problem)> ReadAsync<T>(HttpContext context, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        if (!context.Request.HasJsonContentType())
        {
            return (null, StockProblem.UnsupportedMediaType(context.Request.ContentType));
        }

        try
        {
            var value = await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted);
            return value is null ? (null, StockProblem.InvalidBody("the body is null; send an object")) : (value, null);
        }
        catch (JsonException e)
        {
            return (null, StockProblem.InvalidBody(Explain(e)));
        }
        catch (BadHttpRequestException e)
        {
            return (null, StockProblem.InvalidBody(e.Message));
        }
    }

    /// <summary>The place and the reason without the names of the program's types.</summary>
    static string Explain(JsonException e)
    {
        var place = $"at {e.Path ?? "$"}, line {(e.LineNumber ?? 0) + 1}";
        const string unknown = "could not be mapped to any .NET member";
        if (e.Message.Contains(unknown, StringComparison.Ordinal))
        {
            var parts = e.Message.Split('\'');
            return $"the field '{(parts.Length > 1 ? parts[1] : "?")}' is not known {place}; remove it";
        }

        if (e.Message.Contains("missing required properties", StringComparison.Ordinal))
        {
            return "a required field is missing; the body needs 'predictions'";
        }

        return e.Message.Contains("could not be converted", StringComparison.Ordinal)
            ? $"a value has the wrong type {place}"
            : $"the body is not JSON {place}";
    }
}
