using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Fettle.AspNetCore;

/// <summary>
/// Response compression as a switch. It wraps everything that may store an answer, so that a stored answer is never
/// the encoding of an earlier client, and every compressible answer says <c>Vary: Accept-Encoding</c>,
/// compressed or not, switched on or off: a shared cache in front must not depend on which came first.
/// </summary>
internal static class CompressionExtensions
{
    public const string SwitchName = "response-compression";

    static readonly string[] Types = [.. ResponseCompressionDefaults.MimeTypes, "application/problem+json", "image/svg+xml"];

    /// <summary>Nearly all answers of a service have one content type, and that is one object.</summary>
    static string? _lastCompressible;

    /// <summary>Whether a content type is one that compression is for.</summary>
    public static bool IsCompressible(string? contentType)
    {
        if (contentType is null || ReferenceEquals(contentType, _lastCompressible))
        {
            return contentType is not null;
        }

        var type = contentType.AsSpan();
        var semicolon = type.IndexOf(';');
        type = (semicolon < 0 ? type : type[..semicolon]).Trim();
        foreach (var known in Types)
        {
            if (type.Equals(known, StringComparison.OrdinalIgnoreCase))
            {
                _lastCompressible = contentType;
                return true;
            }
        }

        return false;
    }

    public static void AddCompression(IServiceCollection services)
    {
        services.AddResponseCompression(options =>
        {
            // Bodies reflect no secrets beside attacker-chosen text; a service where they do keeps HTTPS out of it in its proxy.
            options.EnableForHttps = true;
            options.Providers.Add<BrotliCompressionProvider>();
            options.Providers.Add<GzipCompressionProvider>();
            options.MimeTypes = Types;
        });
        services.Configure<BrotliCompressionProviderOptions>(o => o.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(o => o.Level = CompressionLevel.Fastest);
        services.Replace(ServiceDescriptor.Singleton<IResponseCompressionProvider, ThresholdCompression>());
    }

    public static void UseCompression(this IApplicationBuilder app)
    {
        var compression = app.ApplicationServices.GetRequiredService<SwitchRegistry>().Add(new SwitchDefinition(
            SwitchName, "delivery", "Compresses answers of 1 KB and more with Brotli or gzip for clients that accept it") { Saves = [SwitchDefinition.Bytes] });

        // Without the header there is nothing to choose from.
        app.UseWhen(context => compression.On && context.Request.Headers.AcceptEncoding.Count > 0, branch => branch.UseResponseCompression());
    }

    /// <summary>To be called when an answer begins.</summary>
    public static void SetVary(HttpResponse response)
    {
        if (IsCompressible(response.ContentType))
        {
            AddVary(response.Headers);
        }
    }

    static void AddVary(IHeaderDictionary headers)
    {
        if (headers.Vary.Count == 0)
        {
            headers.Vary = HeaderNames.AcceptEncoding;
        }
        else if (!headers.GetCommaSeparatedValues(HeaderNames.Vary).Contains(HeaderNames.AcceptEncoding, StringComparer.OrdinalIgnoreCase))
        {
            headers.AppendCommaSeparatedValues(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        }
    }
}

/// <summary>Leaves answers alone whose length is known to be below 1 KB (the saving is less than a packet) and those that are encoded already.</summary>
internal sealed class ThresholdCompression(IServiceProvider services, IOptions<ResponseCompressionOptions> options)
    : ResponseCompressionProvider(services, options)
{
    public const int MinimumLength = 1024;

    public override bool ShouldCompressResponse(HttpContext context) =>
        context.Response.ContentLength is not < MinimumLength && context.Response.Headers.ContentEncoding.Count == 0 && base.ShouldCompressResponse(context);
}
