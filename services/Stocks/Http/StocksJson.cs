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
