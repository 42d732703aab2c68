using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Fettle.AspNetCore;

/// <summary>The three calls that give a service Fettle's switches, metrics, health and admin endpoints.</summary>
public static class FettleServiceExtensions
{
    /// <summary>The policy that admin endpoints require: the bearer token, on the admin listener.</summary>
    public const string AdminPolicy = "FettleAdmin";

    /// <summary>The rate limit that admin endpoints share.</summary>
    public const string AdminRateLimit = "FettleAdmin";

    /// <summary>A client slower than this is cut off after the grace.</summary>
    const double SlowestBytesPerSecond = 240;

    const string UrlsSetting = "urls";
    const string DefaultUrls = "http://localhost:5000";

    /// <summary>
    /// Registers switches, metrics, health, timing and admin security. Unless every address of <c>urls</c> is loopback,
    /// the admin endpoints get a listener of their own on 127.0.0.1, next port.
    /// </summary>
    public static WebApplicationBuilder AddFettle(this WebApplicationBuilder builder, Action<FettleOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new FettleOptions();
        options.EnsureFile = builder.Configuration["database:ensure"] ?? options.EnsureFile;
        options.MaintenanceSchedule = builder.Configuration["database:maintenance"] ?? options.MaintenanceSchedule;
        configure?.Invoke(options);
        var initially = options.SwitchesFile is null ? new Dictionary<string, bool>() : SwitchesFile.Read(options.SwitchesFile);

        var urls = (builder.WebHost.GetSetting(UrlsSetting) ?? DefaultUrls).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var (listener, bind) = AdminListener.Plan(urls);
        builder.WebHost.UseUrls(bind);

        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(listener);
        var token = new AdminToken(options.AdminToken);
        services.AddSingleton(token);
        AddRedaction(services, [token.Generated ?? options.AdminToken, .. options.Secrets]);
        services.AddSingleton<AuditLog>();
        services.AddSingleton<RequestWindow>();
        services.AddSingleton<ProcessUsage>();
        services.AddSingleton<TuningFigures>();
        services.AddSingleton(_ => new MetricsCollector(options.CollectMetrics));
        services.AddSingleton(provider => new SwitchRegistry(provider.GetRequiredService<TimeProvider>(), initially));
        services.AddSingleton<LiveSampler>();
        services.AddHostedService(provider => provider.GetRequiredService<LiveSampler>());
        services.TryAddSingleton<DashboardFiles>();
        services.AddSingleton<AppliedActions>();
        services.AddProblemDetails(problems => problems.CustomizeProblemDetails = FettleProblems.Name);
        services.Configure<KestrelServerOptions>(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = options.MaxRequestBytes;

            // A client that sends its headers a byte at a time holds a connection no longer than this.
            server.Limits.RequestHeadersTimeout = options.HeadersTimeout;
            server.Limits.MinRequestBodyDataRate = new MinDataRate(SlowestBytesPerSecond, options.SlowClientGrace);
            server.Limits.MinResponseDataRate = new MinDataRate(SlowestBytesPerSecond, options.SlowClientGrace);
        });
        if (options.RequestTimeout is { } longest)
        {
            services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = new RequestTimeoutPolicy
            {
                Timeout = longest,
                TimeoutStatusCode = StatusCodes.Status504GatewayTimeout,
                WriteTimeoutResponse = RequestTimeLimit.AnswerAsync,
            });
        }

        services.AddHostedService<Draining>();
        services.AddHostedService<OtlpExport>();
        services.AddExceptionHandler<PoolExhaustion>();
        if (options.EnsureFile is { } ensure)
        {
            services.AddHostedService(provider => ActivatorUtilities.CreateInstance<EnsureDatabase>(provider, ensure));
        }

        if (options.MaintenanceSchedule is { } maintenance)
        {
            var schedule = Databases.CronSchedule.Parse(maintenance);
            services.AddHostedService(provider => ActivatorUtilities.CreateInstance<MaintainDatabase>(provider, schedule));
        }

        CompressionExtensions.AddCompression(services);
        AddAdminSecurity(services, listener, options);
        return builder;
    }

    /// <summary>Adds the middleware in the one order that works: errors, routing, timing, time limit, compression, rate limits, authentication, authorisation; the last three for the requests that need them.</summary>
    public static WebApplication UseFettle(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var options = app.Services.GetRequiredService<FettleOptions>();
        app.Services.GetRequiredService<MetricsCollector>();
        app.Services.GetRequiredService<ProcessUsage>();
        app.Services.GetRequiredService<TuningFigures>();
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = e => e is Microsoft.AspNetCore.Http.BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
        });
        app.UseMiddleware<StatusProblems>();
        app.UseRouting();
        app.UseMiddleware<RequestTimingMiddleware>();
        if (options.RequestTimeout is { } longest)
        {
            app.UseMiddleware<RequestTimeLimit>(longest);
            app.UseWhen(RequestTimeLimit.IsItsOwn, own => own.UseRequestTimeouts());
        }

        app.UseCompression();
        app.UseWhatRequestsNeed();
        return app;
    }

    /// <summary>Maps <c>/livez</c>, <c>/readyz</c>, <c>/health</c>, <c>/metrics</c> and the admin group <c>/fettle</c>.</summary>
    public static WebApplication MapFettle(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        HealthEndpoints.Map(app);
        MetricsEndpoints.Map(app, app.Services.GetRequiredService<FettleOptions>());
        var admin = app.MapGroup("/fettle").RequireFettleAdmin();
        admin.DisableRequestTimeout();
        SwitchEndpoints.Map(admin);
        QueryEndpoints.Map(admin);
        InfoEndpoints.Map(admin);
        CacheEndpoints.Map(admin);
        LiveEndpoints.Map(admin);
        RouteEndpoints.Map(admin);
        RunEndpoints.Map(admin);
        AdviceEndpoints.Map(admin);
        DeliveryEndpoints.Map(admin);
        MetricsEndpoints.MapAll(admin);
        DashboardEndpoints.Map(app);

        app.Services.GetService<AnswerCache>();
        var token = app.Services.GetRequiredService<AdminToken>();
        if (token.Generated is not null)
        {
            Console.Error.WriteLine($"admin token (made for this run; set {AdminToken.EnvironmentVariable} to choose one): {token.Generated}");
        }

        if (app.Services.GetRequiredService<AdminListener>().Port is { } port)
        {
            Console.Error.WriteLine($"admin endpoints answer on http://127.0.0.1:{port} only");
        }

        return app;
    }

    /// <summary>Makes an endpoint or a group an admin endpoint: token, admin listener, shared rate limit.</summary>
    public static TBuilder RequireFettleAdmin<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(AdminPolicy).RequireRateLimiting(AdminRateLimit);

    /// <summary>Wraps the factory instead of the loggers, so that it does not matter which are added later.</summary>
    static void AddRedaction(IServiceCollection services, IEnumerable<string?> secrets)
    {
        services.AddSingleton(new SecretRedaction(secrets));
        services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(provider => new RedactingLoggerFactory(
            new LoggerFactory(
                provider.GetServices<ILoggerProvider>(),
                provider.GetRequiredService<IOptionsMonitor<LoggerFilterOptions>>(),
                provider.GetService<IOptions<LoggerFactoryOptions>>(),
                provider.GetService<IExternalScopeProvider>()),
            provider.GetRequiredService<SecretRedaction>())));
    }

    static void AddAdminSecurity(IServiceCollection services, AdminListener listener, FettleOptions options)
    {
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, AdminAuthentication>(AdminAuthentication.SchemeName, null);
        services.AddSingleton<IAuthorizationHandler, AdminListenerHandler>();
        services.AddAuthorizationBuilder()
            .AddPolicy(AdminPolicy, policy => policy
                .AddAuthenticationSchemes(AdminAuthentication.SchemeName)
                .RequireAuthenticatedUser()
                .AddRequirements(listener))
            .AddPolicy(DashboardEndpoints.Policy, policy => policy.AddAuthenticationSchemes(AdminAuthentication.SchemeName).AddRequirements(listener));
        services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = async (context, _) =>
            {
                context.HttpContext.Response.Headers.RetryAfter = "1";
                await FettleProblems.Create(
                    StatusCodes.Status429TooManyRequests, "rate-limited", "Too many requests", "wait a second and send again").ExecuteAsync(context.HttpContext);
            };
            limiter.AddPolicy(AdminRateLimit, _ => RateLimitPartition.GetFixedWindowLimiter("admin", _ => new FixedWindowRateLimiterOptions
            {
                PermitLimit = options.AdminRequestsPerSecond,
                Window = TimeSpan.FromSeconds(1),
            }));
        });
    }
}
