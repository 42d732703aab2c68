namespace Fettle.AspNetCore.Tests;

/// <summary>One service for the tests of a class that change nothing in it.</summary>
public sealed class SharedService : IAsyncLifetime
{
    internal ServiceUnderTest Service { get; private set; } = null!;

    public async Task InitializeAsync() => Service = await ServiceUnderTest.StartAsync();

    public async Task DisposeAsync() => await Service.DisposeAsync();
}
