using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore;

/// <summary>Reads a JSON body and turns every way of failing into one sentence.</summary>
internal static class RequestBody
{
    public static async Task<(T? Value, string? Error)> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        if (!context.Request.HasJsonContentType())
        {
            return (null, "the content type must be application/json");
        }

        try
        {
            var value = await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted);
            return value is null ? (null, "the body is null") : (value, null);
        }
        catch (JsonException e)
        {
            return (null, e.Message);
        }
    }
}
