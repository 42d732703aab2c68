using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Fettle.Services.Stocks.Http;

/// <summary>Reads the usual body of a prediction without the serializer's detours.</summary>
internal static class PredictRequestReader
{
    /// <summary>False for whatever is not exactly usual: then the serializer reads the body and says what is wrong with it, if anything is.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out PredictRequest? request)
    {
        request = null;
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            string? code = null, symbol = null, date = null;
            bool features = false, contributions = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var understood = reader.ValueTextEquals("bse_code"u8) ? Text(ref reader, ref code)
                    : reader.ValueTextEquals("nse_symbol"u8) ? Text(ref reader, ref symbol)
                    : reader.ValueTextEquals("prediction_date"u8) ? Text(ref reader, ref date)
                    : reader.ValueTextEquals("include_features"u8) ? Flag(ref reader, ref features)
                    : reader.ValueTextEquals("include_contributions"u8) && Flag(ref reader, ref contributions);
                if (!understood)
                {
                    return false;
                }
            }

            // Nothing may follow the object.
            if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
            {
                return false;
            }

            request = new PredictRequest { BseCode = code, NseSymbol = symbol, PredictionDate = date, IncludeFeatures = features, IncludeContributions = contributions };
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or text that is not Unicode.
            return false;
        }
    }

    static bool Text(ref Utf8JsonReader reader, ref string? value)
    {
        reader.Read();
        value = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return reader.TokenType is JsonTokenType.String or JsonTokenType.Null;
    }

    static bool Flag(ref Utf8JsonReader reader, ref bool value)
    {
        reader.Read();
        value = reader.TokenType == JsonTokenType.True;
        return reader.TokenType is JsonTokenType.True or JsonTokenType.False;
    }
}
