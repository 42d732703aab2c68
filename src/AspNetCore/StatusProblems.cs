using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace Fettle.AspNetCore;

/// <summary>Gives an answer of status 400–599 without a body a problem document. An answer that has one passes at the cost of a comparison.</summary>
internal sealed class StatusProblems(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        var answered = next(context);
        return answered.IsCompletedSuccessfully && !IsBare(context.Response) ? Task.CompletedTask : FinishAsync(answered, context);
    }

    static bool IsBare(HttpResponse response) =>
        response.StatusCode is >= 400 and < 600 && !response.HasStarted && response.ContentLength is null && string.IsNullOrEmpty(response.ContentType);

    static async Task FinishAsync(Task answered, HttpContext context)
    {
        await answered;
        var response = context.Response;
        if (!IsBare(response) || context.GetEndpoint()?.Metadata.GetMetadata<ISkipStatusCodePagesMetadata>() is not null)
        {
            return;
        }

        var problem = new ProblemDetailsContext { HttpContext = context, ProblemDetails = { Status = response.StatusCode } };
        if (!await context.RequestServices.GetRequiredService<IProblemDetailsService>().TryWriteAsync(problem))
        {
            // The client takes no JSON.
            response.ContentType = "text/plain";
            await response.WriteAsync($"{response.StatusCode} {ReasonPhrases.GetReasonPhrase(response.StatusCode)}");
        }
    }
}
