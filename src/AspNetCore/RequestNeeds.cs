using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Fettle.AspNetCore;

/// <summary>
/// Rate limits, authentication and authorisation for the requests that they can change anything for. Each makes objects for every request it
/// sees; an open endpoint that answers from memory would spend more on them than on its answer (docs/decisions/0903-requests-pass-what-they-need.md).
/// </summary>
internal static class RequestNeeds
{
    public static void UseWhatRequestsNeed(this WebApplication app)
    {
        var limitsAll = app.Services.GetRequiredService<IOptions<RateLimiterOptions>>().Value.GlobalLimiter is not null;
        app.UseWhen(context => limitsAll || IsLimited(context), limited => limited.UseRateLimiter());

        // With a scheme or a policy besides ours anything may depend on who asks.
        var schemes = app.Services.GetRequiredService<IAuthenticationSchemeProvider>().GetAllSchemesAsync().GetAwaiter().GetResult();
        var identifiesAll = schemes.Any(s => s.Name != AdminAuthentication.SchemeName)
            || app.Services.GetRequiredService<IOptions<AuthorizationOptions>>().Value.FallbackPolicy is not null;
        app.UseWhen(context => identifiesAll || IsOfSomeone(context), identified => identified.UseAuthentication().UseAuthorization());

        // The host would add both for every request otherwise.
        var properties = ((IApplicationBuilder)app).Properties;
        properties["__AuthenticationMiddlewareSet"] = true;
        properties["__AuthorizationMiddlewareSet"] = true;
    }

    static bool IsLimited(HttpContext context) =>
        EndpointFacts.Of(context) is { IsRateLimited: true } facts && facts.Exemption?.Exempts(context) != true;

    static bool IsOfSomeone(HttpContext context) => context.Request.Headers.Authorization.Count > 0 || EndpointFacts.Of(context).NeedsIdentity;
}

/// <summary>The requests that an endpoint's rate limit does not hold for.</summary>
internal sealed record RateLimitExemption(Func<HttpContext, bool> Exempts);

/// <summary>Exempts requests from rate limits.</summary>
public static class RateLimitExemptionExtensions
{
    /// <summary>
    /// Lets requests past the rate limit of an endpoint or a group. Cheaper than a partition without a limit, which a request still waits to be
    /// given and gives back. A limit over all endpoints holds all the same.
    /// </summary>
    /// <typeparam name="TBuilder">The endpoint's builder.</typeparam>
    /// <param name="builder">The endpoint, or a group.</param>
    /// <param name="exempts">Whether a request is exempt. A forwarded request comes from its proxy's address.</param>
    public static TBuilder ExemptFromRateLimiting<TBuilder>(this TBuilder builder, Func<HttpContext, bool> exempts)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(exempts);
        return builder.WithMetadata(new RateLimitExemption(exempts));
    }
}
