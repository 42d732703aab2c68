using System.Text.Json.Serialization;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Predictions;

namespace Fettle.Services.Stocks.Caching;

/// <summary>How values are kept in the second tier. A feature that does not exist is NaN, which JSON needs leave for.</summary>
[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(FeatureSet))]
[JsonSerializable(typeof(Prediction))]
internal sealed partial class StocksCacheJson : JsonSerializerContext;
