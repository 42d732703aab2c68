using System.Buffers;
using System.Text.Json;
using Fettle.AspNetCore;
using Fettle.Services.Stocks.Features;
using Fettle.Services.Stocks.Http;
using Fettle.Services.Stocks.Schema;
using Microsoft.AspNetCore.Http;

namespace Fettle.Services.Stocks.Predictions;

/// <summary>Writes one prediction as the serializer writes <see cref="PredictionAnswer"/>, byte for byte, without the dictionaries in between.</summary>
internal sealed class PredictionWriter
{
    const string ContentType = "application/json; charset=utf-8";
    const int UsualLength = 2048;

    /// <summary>Longer buffers are not kept for the next request.</summary>
    const int LongestKept = 64 * 1024;

    static readonly JsonEncodedText BseCode = JsonEncodedText.Encode("bse_code");
    static readonly JsonEncodedText NseSymbol = JsonEncodedText.Encode("nse_symbol");
    static readonly JsonEncodedText PredictionDate = JsonEncodedText.Encode("prediction_date");
    static readonly JsonEncodedText PredictedLabel = JsonEncodedText.Encode("predicted_label");
    static readonly JsonEncodedText Probability = JsonEncodedText.Encode("probability");
    static readonly JsonEncodedText Confidence = JsonEncodedText.Encode("confidence");
    static readonly JsonEncodedText ModelVersion = JsonEncodedText.Encode("model_version");
    static readonly JsonEncodedText PredictionTimestamp = JsonEncodedText.Encode("prediction_timestamp");
    static readonly JsonEncodedText Features = JsonEncodedText.Encode("features");
    static readonly JsonEncodedText Contributions = JsonEncodedText.Encode("contributions");
    static readonly JsonEncodedText BaseValue = JsonEncodedText.Encode("base_value");
    static readonly JsonEncodedText Margin = JsonEncodedText.Encode("margin");
    static readonly JsonEncodedText Values = JsonEncodedText.Encode("values");
    static readonly JsonEncodedText[] Names = Array.ConvertAll(FeatureNames.All, n => JsonEncodedText.Encode(n));

    /// <summary>One spare for each thread; a request that goes on elsewhere leaves its own there.</summary>
    [ThreadStatic]
    static PredictionWriter? _spare;

    readonly ArrayBufferWriter<byte> _bytes = new(UsualLength);
    readonly Utf8JsonWriter _json;

    PredictionWriter() => _json = new Utf8JsonWriter(_bytes);

    /// <summary>Sends a prediction. It is written to memory first: its headers, which state its length and the time it took, go out before its body.</summary>
    public static async Task SendAsync(HttpContext context, Prediction prediction, PredictQuery query)
    {
        var writer = Take();
        using (ServerTimings.Measure("serialisation"))
        {
            writer.Write(prediction, query);
        }

        var response = context.Response;
        response.ContentType = ContentType;
        response.ContentLength = writer._bytes.WrittenCount;
        await response.BodyWriter.WriteAsync(writer._bytes.WrittenMemory);
        writer.Leave();
    }

    static PredictionWriter Take()
    {
        var taken = _spare ?? new PredictionWriter();
        _spare = null;
        return taken;
    }

    void Leave()
    {
        if (_bytes.Capacity <= LongestKept)
        {
            _bytes.ResetWrittenCount();
            _json.Reset();
            _spare = this;
        }
    }

    void Write(Prediction prediction, PredictQuery query)
    {
        var (set, json) = (prediction.Features, _json);
        json.WriteStartObject();
        json.WriteString(BseCode, set.Stock.BseCode);
        json.WriteString(NseSymbol, set.Stock.NseSymbol);
        json.WriteString(PredictionDate, DatabaseValues.Iso(prediction.Date));
        json.WriteNumber(PredictedLabel, prediction.Label);
        json.WriteNumber(Probability, prediction.Probability);
        json.WriteString(Confidence, Predictions.Confidence.Of(prediction.Probability));
        json.WriteString(ModelVersion, prediction.ModelVersion);
        json.WriteString(PredictionTimestamp, prediction.ComputedAt);
        if (query.IncludeFeatures)
        {
            WriteFeatures(set);
        }

        if (query.IncludeContributions && prediction.Explanation is { } explanation)
        {
            json.WriteStartObject(Contributions);
            json.WriteNumber(BaseValue, explanation.BaseValue);
            json.WriteNumber(Margin, explanation.Margin);
            json.WritePropertyName(Values);
            WriteNamed(explanation.Contributions);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.Flush();
    }

    /// <summary>Written once for a set, copied from then on.</summary>
    void WriteFeatures(FeatureSet set)
    {
        _json.WritePropertyName(Features);
        if (set.KnownJson() is { } known)
        {
            _json.WriteRawValue(known, skipInputValidation: true);
            return;
        }

        _json.Flush();
        var start = _bytes.WrittenCount;
        WriteNamed(set.Values);
        _json.Flush();
        set.KeepJson(_bytes.WrittenSpan[start..].ToArray());
    }

    /// <summary>A value that is missing is null.</summary>
    void WriteNamed(double[] values)
    {
        _json.WriteStartObject();
        for (var i = 0; i < Names.Length; i++)
        {
            if (double.IsFinite(values[i]))
            {
                _json.WriteNumber(Names[i], values[i]);
            }
            else
            {
                _json.WriteNull(Names[i]);
            }
        }

        _json.WriteEndObject();
    }
}
