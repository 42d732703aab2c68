using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Fettle.Services.Stocks.Http;

/// <summary>Reads a JSON body; every way of failing becomes one problem.</summary>
internal static class JsonBody
{
    static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Longer bodies are read as a stream, so that none stands in memory twice.</summary>
    const int LongestInOnePiece = 64 * 1024;

    /// <summary>Reads a usual body quickly; false leaves it to the serializer.</summary>
    public delegate bool QuickReader<T>(ReadOnlySpan<byte> body, [NotNullWhen(true)] out T? value)
        where T : class;

    public static async ValueTask<(T? Value, StockProblem? Problem)> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, QuickReader<T>? quick = null)
        where T : class
    {
        var request = context.Request;
        if (request.ContentType is not "application/json" && !request.HasJsonContentType())
        {
            return (null, StockProblem.UnsupportedMediaType(request.ContentType));
        }

        try
        {
            var value = quick is not null && request.ContentLength is <= LongestInOnePiece
                ? await ReadWholeAsync(request, type, quick)
                : await JsonSerializer.DeserializeAsync(request.Body, type, context.RequestAborted);
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

    static async ValueTask<T?> ReadWholeAsync<T>(HttpRequest request, JsonTypeInfo<T> type, QuickReader<T> quick)
        where T : class
    {
        var reader = request.BodyReader;
        while (true)
        {
            // A short body has come with its headers nearly always: then nobody has to be asked to cancel the wait.
            if (!reader.TryRead(out var read))
            {
                read = await reader.ReadAsync(request.HttpContext.RequestAborted);
            }

            if (!read.IsCompleted && read.Buffer.Length != request.ContentLength)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            try
            {
                return Parse(read.Buffer.IsSingleSegment ? read.Buffer.FirstSpan : read.Buffer.ToArray(), type, quick);
            }
            finally
            {
                reader.AdvanceTo(read.Buffer.End);
            }
        }
    }

    static T? Parse<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> type, QuickReader<T> quick)
        where T : class
    {
        // As the serializer does with a stream.
        body = body.StartsWith(ByteOrderMark) ? body[ByteOrderMark.Length..] : body;
        return quick(body, out var value) ? value : JsonSerializer.Deserialize(body, type);
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
