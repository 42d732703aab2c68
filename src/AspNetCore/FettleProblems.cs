using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore;

/// <summary>RFC 9457 problem details with a stable <c>type</c> of the form <c>urn:fettle:problem:NAME</c>.</summary>
public static class FettleProblems
{
    /// <summary>The prefix of every problem type.</summary>
    public const string TypePrefix = "urn:fettle:problem:";

    /// <summary>A problem of any status.</summary>
    /// <param name="status">The HTTP status, 400–599.</param>
    /// <param name="name">Stable name of the kind, lower-case words joined by hyphens.</param>
    /// <param name="title">The kind in words; the same for every occurrence.</param>
    /// <param name="detail">This occurrence: name, value, allowed range, fix.</param>
    /// <param name="extensions">Further members of the document.</param>
    public static IResult Create(int status, string name, string title, string detail, IDictionary<string, object?>? extensions = null) =>
        Results.Problem(detail, statusCode: status, title: title, type: TypePrefix + name, extensions: extensions);

    /// <summary>Gives the problems that the framework makes (404, 405, 413, 415, 500, …) a type of ours instead of a section of a specification.</summary>
    internal static void Name(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        if (problem.Type?.StartsWith(TypePrefix, StringComparison.Ordinal) == true)
        {
            return;
        }

        problem.Type = TypePrefix + (problem.Status switch
        {
            StatusCodes.Status400BadRequest => "bad-request",
            StatusCodes.Status404NotFound => "not-found",
            StatusCodes.Status405MethodNotAllowed => "method-not-allowed",
            StatusCodes.Status413PayloadTooLarge => "body-too-large",
            StatusCodes.Status415UnsupportedMediaType => "unsupported-media-type",
            StatusCodes.Status504GatewayTimeout => "too-slow",
            >= 500 => "internal-error",
            _ => "refused",
        });
        var request = context.HttpContext.Request;
        problem.Detail ??= problem.Status switch
        {
            StatusCodes.Status404NotFound => $"nothing answers {request.Method} {request.Path}",
            StatusCodes.Status405MethodNotAllowed => $"{request.Path} does not answer {request.Method}; allowed: {context.HttpContext.Response.Headers.Allow}",
            StatusCodes.Status415UnsupportedMediaType => $"content-type is '{request.ContentType}'; send application/json",
            _ => null,
        };
    }

    internal static IResult BadRequest(string name, string detail) => Create(StatusCodes.Status400BadRequest, name, "The request is malformed", detail);

    internal static IResult NotFound(string name, string detail) => Create(StatusCodes.Status404NotFound, name, "Not found", detail);
}
