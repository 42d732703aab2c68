using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fettle.Services.Stocks.Http;

/// <summary>Documents the refusals of an endpoint for OpenAPI.</summary>
internal static class ProblemMetadata
{
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder builder)
    {
        int[] statuses =
        [
            StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status415UnsupportedMediaType,
            StatusCodes.Status422UnprocessableEntity, StatusCodes.Status429TooManyRequests, StatusCodes.Status503ServiceUnavailable,
        ];
        foreach (var status in statuses)
        {
            builder.ProducesProblem(status);
        }

        return builder;
    }
}
