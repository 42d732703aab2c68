using Fettle.Databases;
using Microsoft.AspNetCore.Http;

namespace Fettle.AspNetCore;

/// <summary>
/// Marks an endpoint whose time limit and whose account of statements begin when it runs, not when it is asked: a kept answer runs nothing
/// and needs neither.
/// </summary>
internal sealed class BeginsItself
{
    public static readonly BeginsItself Instance = new();

    BeginsItself()
    {
    }

    /// <summary>Runs an endpoint as the pipeline would have.</summary>
    public static RequestDelegate Wrap(RequestDelegate inner, TimeSpan? longest)
    {
        var limited = longest is { } limit ? new RequestTimeLimit(inner, limit).RunAsync : inner;
        return async context =>
        {
            using (QueryRecorder.BeginEndpoint(EndpointFacts.Of(context).Name(context)))
            {
                await limited(context);
            }
        };
    }
}
