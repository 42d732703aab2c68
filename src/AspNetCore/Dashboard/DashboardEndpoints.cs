using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace Fettle.AspNetCore;

/// <summary>
/// The page at <c>/fettle/</c>. Its files hold no data and need no token (a browser sends none before the page asks for it),
/// but they answer on the admin listener only; every figure comes from the admin endpoints with the token.
/// </summary>
internal static class DashboardEndpoints
{
    public const string Policy = "FettleDashboard";

    /// <summary>No inline script or style, nothing from elsewhere, in no frame.</summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public const string SwitchName = "static-assets";

    public const string NotBuilt = "the dashboard is not in this build (npm was missing); install Node.js 20 or newer and build with ./fettle; everything else works";

    public static void Map(WebApplication app)
    {
        var assets = app.Services.GetRequiredService<SwitchRegistry>().Add(new SwitchDefinition(
            SwitchName, "delivery", "Serves the page's files as they were compressed when it was built, and lets browsers keep those with a hash in their name") { OnByDefault = true });
        var page = app.MapGroup("/fettle").RequireAuthorization(Policy);
        page.MapGet("/", (HttpContext context, DashboardFiles files) =>
        {
            if (!context.Request.Path.Value!.EndsWith('/'))
            {
                return Results.Redirect(context.Request.PathBase + "/fettle/", permanent: false);
            }

            return files.Find("index.html") is { } index ? Serve(context, index, assets.On) : Results.Text(NotBuilt + "\n", statusCode: StatusCodes.Status404NotFound);
        });
        page.MapGet("/assets/{name}", (string name, HttpContext context, DashboardFiles files) => ServeOr404(context, files, "assets/" + name, assets.On));
        page.MapGet("/sw.js", (HttpContext context, DashboardFiles files) => ServeOr404(context, files, "sw.js", assets.On));
        page.MapGet("/icon.svg", (HttpContext context, DashboardFiles files) => ServeOr404(context, files, "icon.svg", assets.On));

        if (!app.Services.GetRequiredService<DashboardFiles>().Built)
        {
            Console.Error.WriteLine(NotBuilt);
        }
    }

    static IResult ServeOr404(HttpContext context, DashboardFiles files, string name, bool prepared) =>
        files.Find(name) is { } file ? Serve(context, file, prepared) : FettleProblems.NotFound("unknown-file", "the dashboard has no such file; reload the page");

    /// <param name="context">The request.</param>
    /// <param name="file">What it asks for.</param>
    /// <param name="prepared">Whether what was compressed at build time and what the hash in the name promises are used; else the file goes out as it is and is asked for again.</param>
    static IResult Serve(HttpContext context, DashboardFile file, bool prepared)
    {
        var headers = context.Response.Headers;
        var encoding = !prepared ? null : AcceptedEncoding.Choose(context.Request.Headers.AcceptEncoding) switch
        {
            AcceptedEncoding.Brotli when file.Brotli is not null => AcceptedEncoding.Brotli,
            not null when file.Gzip is not null && AcceptedEncoding.Takes(context.Request.Headers.AcceptEncoding.ToString(), AcceptedEncoding.Gzip) => AcceptedEncoding.Gzip,
            _ => null,
        };
        var etag = !prepared ? "W/" + file.ETag : encoding is null ? file.ETag : $"{file.ETag[..^1]}-{encoding}\"";
        headers.CacheControl = prepared && file.Immutable ? "public, max-age=31536000, immutable" : "no-cache";
        if (file.ContentType.StartsWith("text/html", StringComparison.Ordinal))
        {
            // A browser asks each time; an edge, which can be purged, keeps the page for five minutes.
            headers["CDN-Cache-Control"] = "max-age=300";
        }

        headers.ETag = etag;
        headers.Vary = HeaderNames.AcceptEncoding;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()";
        if (EntityTags.Match(context.Request.Headers.IfNoneMatch, etag))
        {
            return Results.StatusCode(StatusCodes.Status304NotModified);
        }

        if (encoding is not null)
        {
            headers.ContentEncoding = encoding;
        }

        return Results.Bytes(encoding switch { "br" => file.Brotli!, "gzip" => file.Gzip!, _ => file.Identity }, file.ContentType);
    }
}
