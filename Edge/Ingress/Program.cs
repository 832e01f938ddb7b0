using Topology.Ingress;

// Only this process's configuration of entrances determines its behavior.
var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
await using var ingress = new IngressServer(Entrance.Read(configuration), configuration.GetValue<int>("Ingress:HealthPort"));
await ingress.RunAsync();
